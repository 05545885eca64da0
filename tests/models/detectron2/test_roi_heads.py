"""Training of the second stage: the sampling of proposals, and the losses by their formulas."""

import pytest
import torch
from torch.nn import functional

from maskwright.models.detectron2.box_head import BoxHead, BoxPredictor
from maskwright.models.detectron2.mask_head import MaskHead
from maskwright.models.detectron2.roi_heads import RoiHeads, Sampled, Truth, box_losses

K = 3


def heads(**options) -> RoiHeads:
    torch.manual_seed(0)
    return RoiHeads(BoxHead(4, 8), BoxPredictor(8, K), MaskHead(4, K, (4,)), **options)


def truth(boxes: list[list[float]], classes: list[int]) -> Truth:
    masks = torch.ones(len(boxes), 100, 100, dtype=torch.uint8)
    return Truth(torch.tensor(boxes).reshape(-1, 4), torch.tensor(classes, dtype=torch.int64), masks, torch.ones(4))


def test_a_proposal_is_the_object_it_overlaps_by_half_else_background() -> None:
    one = truth([[0.0, 0, 10, 10], [50, 50, 70, 70]], [2, 0])
    proposals = torch.tensor([[0.0, 0, 10, 20], [0, 0, 10, 21], [50, 50, 70, 70], [80, 80, 90, 90]])
    sampled = heads().sample(proposals, one)
    assert sampled.classes.tolist() == [2, K, 0, K, 2, 0]
    assert torch.equal(sampled.boxes, torch.cat([proposals, one.boxes]))
    assert sampled.objects[[0, 2, 4, 5]].tolist() == [0, 1, 0, 1]


def test_at_most_a_quarter_of_those_looked_at_are_objects() -> None:
    one = truth([[0.0, 0, 10, 10]], [1])
    proposals = torch.cat([one.boxes.repeat(50, 1), one.boxes.repeat(50, 1) + 40])
    sampled = heads(per_image=32).sample(proposals, one)
    assert (sampled.classes == 1).sum() == 8
    assert (sampled.classes == K).sum() == 24


def test_an_image_without_objects_is_background() -> None:
    sampled = heads().sample(torch.tensor([[0.0, 0, 5, 5]]), truth([], []))
    assert sampled.classes.tolist() == [K]


def test_the_losses_are_by_their_formulas() -> None:
    one = truth([[0.0, 0, 10, 10]], [1])
    sampled = Sampled(
        torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [9, 9, 30, 30]]),
        torch.tensor([1, 1, K]),
        torch.zeros(3, dtype=torch.int64),
    )
    logits, deltas = torch.randn(3, K + 1), torch.full((3, 4 * K), 9.0)
    deltas[:, 4:8] = 0.5
    losses = box_losses(logits, deltas, [sampled], [one])
    torch.testing.assert_close(losses["loss_classifier"], functional.cross_entropy(logits, sampled.classes))
    # The first needs no change; the second has to move by a tenth of its width, times 10. Over all three boxes.
    assert losses["loss_box_reg"].item() == pytest.approx((4 * 0.5 + 1.5 + 3 * 0.5) / 3)


@pytest.mark.parametrize("predicted", [False, True])
def test_masks_learn_on_proposals_or_on_the_boxes_made_of_them(predicted: bool) -> None:
    network = heads(masks_on_predicted_boxes=predicted)
    one = truth([[0.0, 0, 10, 10]], [1])
    sampled = Sampled(torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]]), torch.tensor([1, K]), torch.tensor([0, 0]))
    deltas = torch.zeros(2, 4 * K)
    deltas[0, 4] = 10.0  # one width to the right, of the true class
    (region,) = network._regions(deltas, [sampled], [one])
    assert region.boxes.tolist() == ([[10, 0, 20, 10]] if predicted else [[0, 0, 10, 10]])
    assert region.classes.tolist() == [1]
