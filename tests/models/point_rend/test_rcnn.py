"""PointRend on torchvision's Mask R-CNN: the same boxes as without it, and masks by points."""

import pytest
import torch

from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.point_rend.rcnn import build_point_rend_rcnn

NARROW = {
    "backbone": "resnet18", "pyramid_channels": 16, "box_features": 16, "short_side": 64, "longest": 96,
    "proposals_test": 20, "detections": 4, "score_threshold": 0.0,
}  # fmt: skip
HEAD = {"coarse_features": 16, "point_features": 8}
PICTURE = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(0))


def target(count: int = 1) -> dict[str, torch.Tensor]:
    masks = torch.zeros(count, 60, 80, dtype=torch.uint8)
    masks[:, 10:50, 10:60] = 1
    boxes = torch.tensor([[10.0, 10, 60, 50]] * count).reshape(-1, 4)
    return {"boxes": boxes, "labels": torch.full((count,), 2), "masks": masks}


@pytest.mark.parametrize("more", [{}, {"cascade_ious": (0.5, 0.6), "stage_weights": (1.0, 0.5)}])
def test_the_boxes_are_those_of_the_detector_below(more: dict) -> None:
    torch.manual_seed(0)
    plain = build_mask_rcnn(3, mask_channels=(8,), **NARROW, **more).eval()
    torch.manual_seed(1)
    model = build_point_rend_rcnn(3, mask_channels=(8,), **NARROW, **HEAD, **more).eval()
    own = model.state_dict()
    names = {name.replace("roi_heads.", "roi_heads.boxes."): value for name, value in plain.state_dict().items()}
    model.load_state_dict(own | {name: value for name, value in names.items() if name in own})
    with torch.inference_mode():
        expected, found = plain([PICTURE])[0], model([PICTURE])[0]
    assert len(found["boxes"]) == 4
    for key in ("boxes", "labels", "scores"):
        torch.testing.assert_close(found[key], expected[key])
    assert found["masks"].shape == (4, 1, 224, 224)


def test_the_mask_head_below_is_gone_and_every_other_weight_learns() -> None:
    torch.manual_seed(0)
    model = build_point_rend_rcnn(3, **NARROW, **HEAD).train()
    assert not any("mask_head" in name or "mask_predictor" in name for name in model.state_dict())
    losses = model([PICTURE, PICTURE], [target(), target(0)])
    assert {"loss_mask", "loss_point", "loss_box_reg"} <= set(losses)
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


def test_it_learns_the_mask_of_a_scene() -> None:
    torch.manual_seed(0)
    model = build_point_rend_rcnn(3, **NARROW, **HEAD).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    history = []
    for _ in range(10):
        losses = model([PICTURE], [target()])
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        history.append(losses["loss_mask"].item() + losses["loss_point"].item())
    assert history[-1] < 0.85 * history[0]


@pytest.mark.parametrize("option", ["mask_scoring", "class_agnostic_masks"])
def test_options_of_other_mask_heads_do_not_go_with_it(option: str) -> None:
    with pytest.raises(ValueError, match=option):
        build_point_rend_rcnn(3, **NARROW, **{option: True})


def test_it_is_trained_on_predicted_boxes_as_the_reference_is() -> None:
    """Detectron2's Base-PointRend-RCNN-FPN.yaml sets ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES."""
    assert build_point_rend_rcnn(3, **NARROW, **HEAD).roi_heads.boxes.masks_on_predicted_boxes
    proposals = build_point_rend_rcnn(3, **NARROW, **HEAD, masks_on_predicted_boxes=False)
    assert not proposals.roi_heads.boxes.masks_on_predicted_boxes
