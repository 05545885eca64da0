"""Tensor names of Detectron2's checkpoints: old names become current, and settings are separated from weights."""

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

# PointRend's mask head before July 2020, old → new. The second stands inside names that the first has changed.
_OLD_NAMES = (
    ("roi_heads.mask_coarse_head.", "roi_heads.mask_head.coarse_head."),
    ("roi_heads.mask_head.coarse_head.coarse_mask_fc", "roi_heads.mask_head.coarse_head.fc"),
    ("roi_heads.mask_point_head.", "roi_heads.mask_head.point_head."),
)
_PIXELS = ("pixel_mean", "pixel_std")
_ANCHORS = "proposal_generator.anchor_generator.cell_anchors."


def current_name(name: str) -> str:
    """Return ``name`` as Detectron2 writes it today."""
    for old, new in _OLD_NAMES:
        if name.startswith(old):
            name = new + name[len(old) :]
    return name


def current_names(state: Mapping[str, Value]) -> dict[str, Value]:
    """Return ``state`` under Detectron2's current names; names of other libraries stay as they are."""
    return {current_name(name): value for name, value in state.items()}


def is_setting(name: str) -> bool:
    """Return whether ``name`` is a setting that old files hold among the weights: pixel statistics or anchors."""
    return name in _PIXELS or name.startswith(_ANCHORS)


def anchor_level(name: str) -> int | None:
    """Return the pyramid level, 0 for the finest, whose cell anchors are called ``name``; None for another name."""
    level = name.removeprefix(_ANCHORS)
    return int(level) if level != name and level.isdecimal() else None
