"""Backbones: strides and channels as documented, and normalisation that is frozen on request."""

import pytest
import torch
from torch import nn
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

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


def frozen_names(body: nn.Module) -> set[str]:
    return {name for name, parameter in body.named_parameters() if not parameter.requires_grad}


@pytest.mark.parametrize("layers", range(6))
def test_the_layers_of_a_resnet_that_learn_are_those_of_torchvision(layers: int) -> None:
    with torch.device("meta"):
        body, _ = build_body("resnet18", trainable_layers=layers)
        theirs = resnet_fpn_backbone(
            backbone_name="resnet18", weights=None, trainable_layers=layers, norm_layer=nn.BatchNorm2d
        ).body
    assert frozen_names(body) == frozen_names(theirs)


@pytest.mark.parametrize("name", [*TORCHVISION_BACKBONES, "timm:mobilenetv3_small_050", "timm:convnext_atto"])
def test_each_part_that_does_not_learn_is_one_from_the_image_on(name: str) -> None:
    with torch.device("meta"):
        bodies = [build_body(name, trainable_layers=layers)[0] for layers in range(6)]
    names = [name for name, _ in bodies[0].named_parameters()]
    counts = [len(frozen_names(body)) for body in bodies]
    assert counts[0] == len(names)
    assert counts[5] == 0
    assert counts == sorted(set(counts), reverse=True)  # each part has parameters
    for body, count in zip(bodies, counts, strict=True):
        assert frozen_names(body) == set(names[:count])


def test_timm_and_torchvision_freeze_the_same_parameters_of_a_resnet() -> None:
    for layers in range(6):
        with torch.device("meta"):
            counts = [
                len(frozen_names(build_body(n, trainable_layers=layers)[0])) for n in ("resnet18", "timm:resnet18")
            ]
        assert counts[0] == counts[1]


@pytest.mark.parametrize("layers", [-1, 6])
def test_a_number_of_layers_that_a_body_does_not_have_is_refused(layers: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 5"):
        build_body("resnet18", trainable_layers=layers)


def test_a_network_that_does_not_name_its_stages_learns_whole_or_is_refused() -> None:
    with torch.device("meta"):
        assert frozen_names(build_body("timm:hrnet_w18_small")[0]) == set()
        with pytest.raises(UsageError, match="does not say where its stages end"):
            build_body("timm:hrnet_w18_small", trainable_layers=3)


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
