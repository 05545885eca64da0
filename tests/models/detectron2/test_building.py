"""Options build what they say, and the published networks have the published sizes."""

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import build
from maskwright.models.detectron2.network import BGR_MEAN, RESNEXT_STD
from tests.models.detectron2.conftest import tiny

# What the zoo's files hold.
VALUES = {"detectron2_mask_rcnn_resnet50_fpn": 44_449_456, "detectron2_point_rend_resnet50_fpn": 60_268_032}


@pytest.mark.parametrize("name", VALUES)
def test_a_network_for_80_classes_has_as_many_values_as_the_published_file(name: str) -> None:
    with torch.device("meta"):
        network = build(name, 80, {})
    assert sum(value.numel() for value in network.state_dict().values()) == VALUES[name]


def test_the_resnext_strides_in_the_3x3_and_divides_by_its_own_deviation() -> None:
    with torch.device("meta"):
        network = build("detectron2_mask_rcnn_resnext101_32x8d_fpn", 80, {})
        resnet = build("detectron2_mask_rcnn_resnet101_fpn", 80, {})
    block, plain = (n.get_submodule("backbone.bottom_up.res4.0") for n in (network, resnet))
    assert [(c.stride, c.groups) for c in (block.conv1, block.conv2)] == [((1, 1), 1), ((2, 2), 32)]
    assert [(c.stride, c.groups) for c in (plain.conv1, plain.conv2)] == [((2, 2), 1), ((1, 1), 1)]
    assert block.conv2.weight.shape == (1024, 32, 3, 3)
    own = tiny(pixel_std=list(RESNEXT_STD))
    assert own.std.flatten().tolist() == pytest.approx(RESNEXT_STD)
    assert own.mean.flatten().tolist() == pytest.approx(BGR_MEAN)


def test_the_number_of_detections_is_an_option(kind: str) -> None:
    with torch.inference_mode():
        found = tiny(kind, detections=2, score_threshold=0.0).eval()([torch.rand(3, 40, 60)])[0]
    assert len(found["scores"]) == 2


@pytest.mark.parametrize(
    ("kind", "option"), [("mask_rcnn", {"point_loss": "smooth_l1"}), ("point_rend", {"mask_channels": [8]})]
)
def test_an_option_of_the_other_kind_is_refused(kind: str, option: dict) -> None:
    with pytest.raises(UsageError, match="Unknown option"):
        tiny(kind, **option)


def test_a_point_loss_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of cross_entropy, smooth_l1"):
        tiny("point_rend", point_loss="l2")
