"""Groups of options: a recipe's names reach them, and each group refuses values out of range."""

from dataclasses import fields
from typing import Any

import pytest

from maskwright.models.mask_rcnn_options import (
    OPTION_GROUPS,
    Anchors,
    Architecture,
    Cascade,
    DetectionLimits,
    MaskRCNNOptions,
    ProposalLimits,
    Resizing,
    RoiSampling,
)


def test_no_option_is_in_two_groups() -> None:
    names = [each.name for group in OPTION_GROUPS for each in fields(group)]
    assert len(names) == len(set(names)) == 31


def test_flat_options_reach_their_group_and_others_stay_as_they_are() -> None:
    options = MaskRCNNOptions.from_flat(anchor_sizes=[1, 2, 3, 4, 5], detections=7, cascade_ious=[0.5, 0.6, 0.7])
    assert options.anchors == Anchors(anchor_sizes=[1, 2, 3, 4, 5])
    assert options.kept == DetectionLimits(detections=7)
    assert options.cascade == Cascade(cascade_ious=[0.5, 0.6, 0.7])
    assert options.proposals == ProposalLimits()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="anchor_size"):
        MaskRCNNOptions.from_flat(anchor_size=[1])


@pytest.mark.parametrize(
    ("group", "wrong", "named"),
    [
        (Resizing, {"short_side": 0}, "short_side 0"),
        (Architecture, {"version": 3}, "version 3"),
        (Architecture, {"version": 2, "path_aggregation": True}, "version 2"),
        (Architecture, {"mask_channels": ()}, "mask_channels"),
        (Cascade, {"cascade_ious": (0.6, 0.5, 0.7)}, "cascade_ious"),
        (Cascade, {"cascade_ious": (0.5, 0.6)}, "cascade_ious"),
        (Anchors, {"anchor_sizes": (1, 2)}, "anchor_sizes"),
        (Anchors, {"anchor_ious": (0.7, 0.3)}, "anchor_ious"),
        (ProposalLimits, {"proposal_nms": 1.1}, "proposal_nms"),
        (RoiSampling, {"positive_rois": -0.1}, "positive_rois"),
        (DetectionLimits, {"detections": -1}, "detections"),
    ],
)
def test_values_out_of_range_are_refused_by_name(group: type[Any], wrong: dict[str, Any], named: str) -> None:
    group()
    with pytest.raises(ValueError, match=named):
        group(**wrong)
