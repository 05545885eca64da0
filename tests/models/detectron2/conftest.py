"""Small Detectron2 networks with every part."""

from typing import Any

import pytest
import torch
from torch import nn

from maskwright.models.catalogue import create_model

TINY: dict[str, Any] = {
    "depths": [1, 1, 1, 1], "stem_channels": 8, "group_width": 8, "pyramid_channels": 16, "box_features": 32,
    "short_side": 64, "longest": 96, "anchor_sizes": [8, 16, 32, 64, 128], "proposals_train": 40,
    "proposals_test": 20, "rois_per_image": 16, "detections": 5,
}  # fmt: skip
HEADS: dict[str, dict[str, Any]] = {
    "mask_rcnn": {"mask_channels": [8, 8]},
    "point_rend": {"coarse_features": 16, "point_features": 8},
}
KINDS = tuple(HEADS)


def tiny(kind: str = "mask_rcnn", classes: int = 3, **options: Any) -> nn.Module:
    """Return a small network of ``kind`` with the same random weights every time."""
    torch.manual_seed(0)
    return create_model(f"detectron2_{kind}_resnet50_fpn", classes, {**TINY, **HEADS[kind], **options})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return each kind of network in turn."""
    return request.param
