"""Backbones: the strides and channels they promise, and normalisation that is frozen when it should be."""

import pytest
import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.backbones import TORCHVISION_BACKBONES, build_body

QUICK = ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "timm:resnet18"]


@pytest.mark.parametrize("name", QUICK)
def test_feature_maps_lie_at_strides_4_8_16_32_with_the_channels_said(name: str) -> None:
    body, channels = build_body(name)
    features = body.eval()(torch.rand(2, 3, 64, 96))
    shapes = [tuple(f.shape) for f in features.values()]
    assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]


@pytest.mark.parametrize("name", [*TORCHVISION_BACKBONES, "timm:mobilenetv3_small_050", "timm:convnext_atto"])
def test_every_backbone_of_the_catalogue_keeps_that_promise(name: str) -> None:
    with torch.device("meta"):  # shapes without arithmetic: some of these are large
        body, channels = build_body(name)
        features = body.eval()(torch.rand(1, 3, 64, 96))
    shapes = [tuple(f.shape) for f in features.values()]
    assert shapes == [(1, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]


def test_the_stages_of_a_resnet_are_those_of_torchvision() -> None:
    # He et al. 2015, table 1: conv2_x to conv5_x.
    body, channels = build_body("resnet18")
    assert channels == [64, 128, 256, 512]
    assert [name for name, _ in body.named_children()][-4:] == ["layer1", "layer2", "layer3", "layer4"]


@pytest.mark.parametrize("name", [*QUICK, "efficientnet_b0", "timm:efficientnet_b0"])
def test_frozen_norm_leaves_no_batch_norm(name: str) -> None:
    def norms(frozen: bool) -> int:
        with torch.device("meta"):
            return sum(isinstance(module, nn.BatchNorm2d) for module in build_body(name, frozen)[0].modules())

    assert norms(frozen=False) > 0
    assert norms(frozen=True) == 0


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "timm:resnet18"])
def test_frozen_norm_learns_nothing_from_a_batch(name: str) -> None:
    body, _ = build_body(name, frozen_norm=True)
    before = {key: value.clone() for key, value in body.state_dict().items()}
    images = torch.rand(2, 3, 32, 32)
    sum(f.mean() for f in body.train()(images).values()).backward()
    assert all(torch.equal(value, before[key]) for key, value in body.state_dict().items())
    norms = [module for module in body.modules() if "Frozen" in type(module).__name__]
    assert norms
    assert all(parameter.grad is None for norm in norms for parameter in norm.parameters())


def test_frozen_norm_leaves_a_convnext_as_it_is_because_layer_norm_has_no_statistics() -> None:
    with torch.device("meta"):
        plain, frozen = build_body("convnext_tiny")[0], build_body("convnext_tiny", frozen_norm=True)[0]
    assert [type(module) for module in plain.modules()] == [type(module) for module in frozen.modules()]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet5", "resnet50"),
        ("mobilenetv2", "mobilenet_v2"),
        ("timm:resnet1888", "resnet18"),
        ("timm:mobilenetv3_smal_050", "mobilenetv3_small_050"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint) as caught:
        build_body(name)
    assert caught.value.exit_code == 2


def test_a_network_without_these_strides_is_refused() -> None:
    with torch.device("meta"), pytest.raises(UsageError, match=r"strides \[16, 16, 16\]"):
        build_body("timm:vit_tiny_patch16_224")
