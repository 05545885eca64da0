"""Mask scoring: the training target is the IoU of whole masks, and scores are multiplied by its prediction."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.models.mask_scoring import MaskScoringHead, mask_ious
from tests.models.invented_scenes import CLASSES, empty_target, fits, learnt, narrow, scene


@pytest.mark.parametrize("box", [(8, 8, 36, 36), (16, 0, 44, 28), (0, 30, 28, 58)])
def test_the_iou_counts_the_object_outside_the_box_too(box: tuple[int, int, int, int]) -> None:
    # Boxes of 28 pixels: cells of the grid are pixels, and the IoU can be counted on the image.
    chance = np.random.default_rng(box[0])
    predicted = chance.random((64, 64)) < 0.4
    rows, columns = np.mgrid[:64, :64]
    truth = (rows - 28) ** 2 + (columns - 24) ** 2 < 20**2
    left, top, right, bottom = box
    inside = np.zeros((64, 64), bool)
    inside[top:bottom, left:right] = True
    expected = (predicted & inside & truth).sum() / ((predicted & inside) | truth).sum()
    window = np.s_[top:bottom, left:right]
    logits = torch.from_numpy(np.where(predicted, 2.0, -2.0)[window])[None]
    area = torch.tensor([int(truth.sum())])
    found = mask_ious(logits, torch.from_numpy(truth[window].astype(np.float32))[None], torch.tensor([box]), area)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_larger_box_is_measured_in_its_own_cells() -> None:
    truth = torch.zeros(1, 28, 28)
    truth[:, 7:21, 7:21] = 1  # a quarter of a box of 56 pixels: 28² pixels
    found = mask_ious(2 * truth - 1, truth, torch.tensor([[0.0, 0, 56, 56]]), torch.tensor([28 * 28]))
    assert found.item() == pytest.approx(1.0)
    nothing = mask_ious(truth - 2, truth, torch.tensor([[0.0, 0, 56, 56]]), torch.tensor([28 * 28]))
    assert nothing.item() == 0


def test_a_box_without_width_has_an_iou_too() -> None:
    found = mask_ious(torch.ones(1, 28, 28), torch.zeros(1, 28, 28), torch.zeros(1, 4), torch.tensor([9]))
    assert 0 <= found.item() <= 1


def test_the_head_answers_for_the_class_asked_and_looks_at_mask_and_features() -> None:
    torch.manual_seed(0)
    head = MaskScoringHead(5, 3, width=8, hidden=16)
    pooled, masks = torch.rand(4, 5, 14, 14), torch.rand(4, 1, 28, 28)
    by_class = torch.stack([head(pooled, masks, torch.full((4,), label)) for label in range(4)], dim=1)
    labels = torch.tensor([3, 0, 2, 1])
    torch.testing.assert_close(head(pooled, masks, labels), by_class[torch.arange(4), labels])
    assert not torch.equal(head(pooled, 1 - masks, labels), head(pooled, masks, labels))
    assert not torch.equal(head(pooled + 1, masks, labels), head(pooled, masks, labels))


def test_of_several_levels_the_strongest_counts() -> None:
    head = MaskScoringHead(5, 3, width=8, hidden=16)
    levels, masks, labels = torch.rand(2, 4, 5, 14, 14), torch.rand(2, 1, 28, 28), torch.tensor([1, 2])
    torch.testing.assert_close(head(levels, masks, labels), head(levels.max(1).values, masks, labels))


class Rising(nn.Module):
    """A mask scoring head whose IoUs reverse the order of the scores; the last ones are outside 0 to 1."""

    def forward(self, pooled: torch.Tensor, masks: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        assert len(pooled) == len(masks) == len(labels)
        return torch.linspace(-0.2, 1.2, len(labels))


def test_scores_are_class_scores_times_quality_best_first() -> None:
    model = narrow(mask_scoring=True, score_threshold=0.0, detections=20).eval()
    model.roi_heads.mask_scoring = Rising()
    images, _ = scene()
    with torch.inference_mode():
        rescored = model(images[:1])[0]
        model.roi_heads.mask_scoring = None
        plain = model(images[:1])[0]
    expected = plain["scores"] * torch.linspace(-0.2, 1.2, 20).clamp(0, 1)
    order = expected.argsort(descending=True, stable=True)
    assert order[0] > 10
    torch.testing.assert_close(rescored["scores"], expected[order])
    for key in ("boxes", "labels", "masks"):
        assert torch.equal(rescored[key], plain[key][order])


def test_nothing_found_has_no_scores() -> None:
    model = narrow(mask_scoring=True, score_threshold=1.0).eval()
    with torch.inference_mode():
        found = model(scene()[0][:1])[0]
    assert [len(value) for value in found.values()] == [0, 0, 0, 0]


def test_the_other_losses_stay_as_they_are() -> None:
    images, targets = scene()
    with_scoring, without = narrow(mask_scoring=True).train(), narrow().train()
    without.load_state_dict({k: v for k, v in with_scoring.state_dict().items() if ".mask_scoring." not in k})
    losses = []
    for model in (with_scoring, without):
        torch.manual_seed(2)
        losses.append({key: value.item() for key, value in model(images, copy.deepcopy(targets)).items()})
    assert losses[0].pop("loss_mask_iou") > 0
    assert losses[0] == losses[1]


def test_every_parameter_gets_a_gradient_and_negatives_are_learnt_from() -> None:
    images, targets = scene()
    model = narrow(mask_scoring=True).train()
    sum(model(images, targets).values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    model.zero_grad()
    negatives = model(images, [empty_target(), empty_target()])
    assert negatives["loss_mask_iou"] == 0
    sum(negatives.values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_a_batch_is_learnt_by_heart_with_the_quality_of_its_masks() -> None:
    model = narrow(mask_scoring=True, norm_momentum=0.3)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.6
    answers = []
    model.roi_heads.mask_scoring.register_forward_hook(lambda *call: answers.append(call[2]))
    with torch.inference_mode():
        model.eval()(scene()[0])
    assert answers[0][:CLASSES].min() > 0.5
