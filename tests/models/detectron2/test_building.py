"""Options build what they name, and the published networks have the published sizes."""

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import MODELS, create_model
from maskwright.models.detectron2.box_head import DetectionFilter
from maskwright.models.detectron2.network import BGR_MEAN, RESNEXT_STD
from maskwright.models.detectron2.proposals import Limits
from tests.models.detectron2.conftest import HEADS, TINY, tiny

# What the zoo's files hold.
VALUES = {"detectron2_mask_rcnn_resnet50_fpn": 44_449_456, "detectron2_point_rend_resnet50_fpn": 60_268_032}


@pytest.mark.parametrize("name", VALUES)
def test_a_network_for_80_classes_has_as_many_values_as_the_published_file(name: str) -> None:
    with torch.device("meta"):
        network = create_model(name, 80, {})
    assert sum(value.numel() for value in network.state_dict().values()) == VALUES[name]


def test_the_resnext_strides_in_the_3x3_and_divides_by_its_own_deviation() -> None:
    with torch.device("meta"):
        network = create_model("detectron2_mask_rcnn_resnext101_32x8d_fpn", 80, {})
        resnet = create_model("detectron2_mask_rcnn_resnet101_fpn", 80, {})
    block, plain = (n.get_submodule("backbone.bottom_up.res4.0") for n in (network, resnet))
    assert [(c.stride, c.groups) for c in (block.conv1, block.conv2)] == [((1, 1), 1), ((2, 2), 32)]
    assert [(c.stride, c.groups) for c in (plain.conv1, plain.conv2)] == [((2, 2), 1), ((1, 1), 1)]
    assert block.conv2.weight.shape == (1024, 32, 3, 3)
    own = tiny(pixel_std=list(RESNEXT_STD))
    assert own.std.flatten().tolist() == pytest.approx(RESNEXT_STD)
    assert own.mean.flatten().tolist() == pytest.approx(BGR_MEAN)


NAMES = [name for name in MODELS if name.startswith("detectron2_")]


@pytest.mark.parametrize("name", NAMES)
def test_every_network_keeps_what_detectron2_keeps(name: str) -> None:
    with torch.device("meta"):
        network = create_model(name, 80, {})
    assert network.roi_heads.keep == DetectionFilter(0.05, 0.5, 100)
    assert network.proposal_generator.limits == Limits(1000, 1000)
    assert network.proposal_generator.training_limits == Limits(2000, 1000)
    assert network.proposal_generator.overlap == 0.7
    # PointRend learns masks in the boxes that the network finds, Mask R-CNN in the proposals.
    assert network.roi_heads.masks_on_predicted_boxes == ("point_rend" in name)


@pytest.mark.parametrize("name", NAMES)
def test_every_network_sees_pixels_less_their_mean_and_the_resnext_over_their_deviation(name: str) -> None:
    torch.manual_seed(0)
    network = create_model(name, 3, TINY | HEADS["point_rend" if "point_rend" in name else "mask_rcnn"]).eval()
    std = torch.tensor([57.375, 57.12, 58.395] if "resnext" in name else [1.0, 1.0, 1.0])  # of B, G and R
    assert torch.equal(network.std.flatten(), std)
    seen = []
    network.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.inference_mode():
        network([torch.tensor([0.2, 0.4, 0.6]).reshape(3, 1, 1).expand(3, 64, 64)])  # R, G and B
    bgr = (torch.tensor([153.0, 102.0, 51.0]) - torch.tensor([103.53, 116.28, 123.675])) / std
    torch.testing.assert_close(seen[0][0], bgr.reshape(3, 1, 1).expand(3, 64, 64), atol=1e-3, rtol=1e-5)


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
