"""Detectors in mixed precision: boxes keep float32 positions whatever type the layers compute in."""

from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.detection.rpn import RPNHead

from maskwright.errors import NotFinite
from maskwright.models import catalogue
from maskwright.models.full_precision import FullAnchors, FullRPNHead, to_float32
from tests.models.invented_scenes import NARROW, narrow, scene

SIDE = 640
INSIDE = {"short_side": SIDE, "longest": SIDE}
# A processor without instructions for bfloat16 takes ten minutes for the networks at their full width.
SMALL_DETECTRON2 = {
    "depths": (1, 1, 1, 1),
    "stem_channels": 16,
    "group_width": 16,
    "pyramid_channels": 16,
    "box_features": 32,
    "proposals_train": 100,
    "proposals_test": 50,
    "rois_per_image": 16,
    "detections": 10,
}
SMALL = {key: value for key, value in NARROW.items() if key != "backbone"} | {"score_threshold": 0.0}
KINDS: dict[str, dict[str, Any]] = {
    "mask_rcnn_small": {"mask_scoring": True},
    "cascade_mask_rcnn_small": {},
    "panet_small": {},
    "point_rend_small": {"coarse_features": 16, "point_features": 16, "subdivision_steps": 2},
    "detectron2_mask_rcnn_resnet50_fpn": {},
    "detectron2_point_rend_resnet50_fpn": {"coarse_features": 16, "point_features": 16, "subdivision_steps": 2},
}


def built(name: str, side: int = SIDE) -> nn.Module:
    torch.manual_seed(0)
    small = (SMALL_DETECTRON2 if name.startswith("detectron2") else SMALL) | {"short_side": side, "longest": side}
    if "point_rend" in name:
        small = {key: value for key, value in small.items() if key != "mask_channels"}
    model = catalogue.create_model(name, 2, small | KINDS[name])
    if name.startswith("detectron2"):
        # Else the frozen norms let activations double in each of the 16 blocks, and nothing is found.
        for key, value in model.state_dict().items():
            if key.endswith("conv3.norm.weight"):
                value.fill_(0.2)
        torch.nn.init.zeros_(model.roi_heads.box_predictor.cls_score.weight)
    return model


def in_half_precision() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def a_picture() -> torch.Tensor:
    return torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", KINDS)
def test_detections_and_losses_are_whole_floats(name: str) -> None:
    model = built(name)
    with torch.no_grad(), in_half_precision():
        found = model.eval()([a_picture()])[0]
    assert len(found["boxes"])
    assert found["boxes"].dtype == found["scores"].dtype == found["masks"].dtype == torch.float32
    rounded = found["boxes"].to(torch.bfloat16).float() == found["boxes"]
    assert rounded.float().mean() < 0.7, "the boxes lie on the grid of bfloat16"
    images, targets = scene()
    with in_half_precision():
        losses = model.train()(images, targets)
    assert {value.dtype for value in losses.values()} == {torch.float32}
    assert all(value.isfinite() for value in losses.values())


def test_a_true_box_is_learnt_where_it_is() -> None:
    box = [501.0, 301.0, 633.0, 613.0]  # bfloat16 knows 500, 302, 632 and 612 only
    masks = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    masks[0, 301:613, 501:633] = 1
    model = narrow(**INSIDE).train()
    learnt: list[torch.Tensor] = []
    model.roi_heads.register_forward_pre_hook(lambda _, given: learnt.extend(given[1]))
    sampled: list[torch.Tensor] = []
    chosen = model.roi_heads.select_training_samples

    def select(*given: Any) -> Any:
        sampled.extend((answer := chosen(*given))[0])
        return answer

    model.roi_heads.select_training_samples = select
    with in_half_precision():
        model([a_picture()], [{"boxes": torch.tensor([box]), "labels": torch.tensor([1]), "masks": masks}])
    assert learnt[0].dtype == torch.float32
    assert (sampled[0] == torch.tensor(box)).all(dim=1).any()


def test_anchors_are_those_of_whole_floats() -> None:
    anchors = FullAnchors(((33,),), ((0.5, 1.0, 2.0),))
    images = type("Images", (), {"tensors": torch.zeros(1, 3, SIDE, SIDE), "image_sizes": [(SIDE, SIDE)]})()
    maps = torch.zeros(1, 4, SIDE // 4, SIDE // 4)
    assert torch.equal(anchors(images, [maps.bfloat16()])[0], anchors(images, [maps])[0])


def test_the_head_is_torchvisions() -> None:
    torch.manual_seed(0)
    head = FullRPNHead(8, 3)
    theirs = RPNHead(8, 3)
    theirs.load_state_dict(head.state_dict())
    maps = [torch.rand(2, 8, 5, 6)]
    for ours, other in zip(head(maps), theirs(maps), strict=True):
        assert torch.equal(ours[0], other[0])


def test_doubles_stay_doubles() -> None:
    assert to_float32(torch.zeros(1, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("part", ["backbone", "box", "mask"])
@pytest.mark.parametrize("name", KINDS)
def test_an_answer_that_is_not_finite_is_no_empty_answer(name: str, part: str) -> None:
    model = built(name, 64)
    names = {"backbone": "backbone", "box": "bbox_pred", "mask": "mask_head" if "detectron2" in name else "mask"}
    if name == "point_rend_small":
        names["mask"] = "roi_heads.masks"
    spoilt = [value for key, value in model.named_parameters() if names[part] in key]
    assert spoilt
    with torch.no_grad():
        for value in spoilt:
            value.fill_(torch.inf)
        with pytest.raises(NotFinite, match="NaN or infinity"):
            model.eval()(scene()[0][:1])
