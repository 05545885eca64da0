"""The whole network in small: torchvision's interface, any image sizes, boxes in original pixels, and training."""

import pytest
import torch
from pycocotools import mask as oracle

from maskwright.models.detectron2.network import Detectron2RCNN
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from tests.models.detectron2.conftest import tiny


def scene(height: int = 60, width: int = 90) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return a dim image with a red and a blue square, and its target."""
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1)) * 0.3
    boxes = [[8, 8, 38, 38], [40, 20, 80, 55]]
    masks = torch.zeros(2, height, width, dtype=torch.uint8)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        masks[number, y1:y2, x1:x2] = 1
        picture[2 * number, y1:y2, x1:x2] += 0.7
    return picture, {"boxes": torch.tensor(boxes).float(), "labels": torch.tensor([1, 3]), "masks": masks}


def test_detections_are_in_pixels_of_the_image_given(kind: str) -> None:
    model = tiny(kind, score_threshold=0.0).eval()
    pictures = [scene()[0], torch.rand(3, 33, 50)]
    with torch.inference_mode():
        both = model(pictures)
    for picture, found in zip(pictures, both, strict=True):
        count = len(found["boxes"])
        assert 0 < count <= 5
        assert {key: value.shape[0] for key, value in found.items()} == dict.fromkeys(found, count)
        assert found["masks"].shape[1:] == ((1, 28, 28) if kind == "mask_rcnn" else (1, 224, 224))
        assert set(found["labels"].tolist()) <= {1, 2, 3}
        assert (found["boxes"][:, 2:] > found["boxes"][:, :2]).all()
        assert (found["boxes"] <= torch.tensor([picture.shape[2], picture.shape[1]] * 2)).all()
        assert torch.equal(found["scores"], found["scores"].sort(descending=True).values)
        assert ((found["masks"] >= 0) & (found["masks"] <= 1)).all()


def test_images_of_one_size_are_detected_alone_as_together() -> None:
    model = tiny(score_threshold=0.0).eval()
    pictures = [scene()[0], scene()[0].flip(2)]
    with torch.inference_mode():
        together, alone = model(pictures), [model([picture])[0] for picture in pictures]
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one["boxes"], other["boxes"], atol=1e-3, rtol=1e-4)
        torch.testing.assert_close(one["scores"], other["scores"])


def test_its_masks_are_pasted_by_its_own_rule() -> None:
    assert Detectron2RCNN.paste is paste_detectron2_mask


def test_the_losses_have_torchvisions_names_and_every_trainable_weight_a_gradient(kind: str) -> None:
    model = tiny(kind).train()
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "masks": torch.zeros(0, 40, 40)}
    losses = model([scene()[0], torch.rand(3, 40, 40)], [scene()[1], empty])
    names = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"}
    assert set(losses) == names | ({"loss_point"} if kind == "point_rend" else set())
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    assert any(not p.requires_grad for p in model.parameters())  # stem and first stage


def test_a_batch_without_objects_trains(kind: str) -> None:
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "masks": torch.zeros(0, 40, 40)}
    losses = tiny(kind).train()([torch.rand(3, 40, 40)], [empty])
    assert torch.stack(list(losses.values())).isfinite().all()
    torch.stack(list(losses.values())).sum().backward()


def test_training_needs_targets() -> None:
    with pytest.raises(ValueError, match="needs targets"):
        tiny().train()([torch.rand(3, 40, 40)])


def taught(kind: str, steps: int) -> tuple[Detectron2RCNN, list[dict[str, float]]]:
    """Return a network after some steps on one scene, and its losses at each step."""
    model = tiny(kind, frozen_stages=0, proposals_train=50, rois_per_image=32).train()
    picture, target = scene()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    history = []
    for _ in range(steps):
        losses = model([picture], [target])
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        history.append({name: loss.item() for name, loss in losses.items()})
    return model.eval(), history


def test_the_losses_fall(kind: str) -> None:
    _, history = taught(kind, 12)
    totals = [sum(losses.values()) for losses in history]
    assert sum(totals[-3:]) / 3 < 0.8 * totals[0]
    assert history[-1]["loss_objectness"] < 0.5 * history[0]["loss_objectness"]


@pytest.mark.slow
def test_it_learns_a_scene_by_heart(kind: str) -> None:
    model, _ = taught(kind, 200)
    picture, target = scene()
    with torch.inference_mode():
        found = model([picture])[0]
    for label, box, truth in zip(target["labels"], target["boxes"], target["masks"], strict=True):
        best = int((found["labels"] == label).nonzero()[0])
        assert (found["boxes"][best] - box).abs().max() < 10
        mask = oracle.decode(model.paste(found["masks"][best, 0], found["boxes"][best], (60, 90)))
        both, either = (mask & truth.numpy()).sum(), (mask | truth.numpy()).sum()
        assert both / either > 0.65
