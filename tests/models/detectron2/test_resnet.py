"""The backbone against torchvision's with the same weights, and the stride in the 1 × 1, which torchvision lacks."""

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.ops import FrozenBatchNorm2d

from maskwright.models.detectron2.resnet import STAGES, FrozenNorm, ResNet

PICTURE = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))


def theirs_with(ours: ResNet, groups: int, width: int) -> IntermediateLayerGetter:
    """Return torchvision's network of the same depths with the weights of ``ours``; it strides in the 3 × 3."""
    block = torchvision.models.resnet.Bottleneck
    network = torchvision.models.ResNet(
        block, [2, 1, 2, 1], groups=groups, width_per_group=width, norm_layer=FrozenBatchNorm2d
    )
    renamed = {}
    for name, value in ours.state_dict().items():
        for stage, old in enumerate(STAGES, start=1):
            name = name.replace(f"{old}.", f"layer{stage}.")
        for number in "123":
            name = name.replace(f"conv{number}.norm.", f"bn{number}.")
        name = name.replace("shortcut.norm.", "downsample.1.").replace("shortcut.", "downsample.0.")
        renamed[name.removeprefix("stem.")] = value
    missing = network.load_state_dict(renamed, strict=False)
    assert missing.unexpected_keys == []
    assert missing.missing_keys == ["fc.weight", "fc.bias"]
    return IntermediateLayerGetter(network, {f"layer{stage}": str(stage) for stage in range(1, 5)})


def randomised(**options) -> ResNet:
    torch.manual_seed(0)
    network = ResNet((2, 1, 2, 1), **options).eval()
    for name, value in network.state_dict().items():
        if name.endswith(("norm.weight", "running_var")):
            value.uniform_(0.3, 0.8)
        elif ".norm." in name:
            value.normal_(std=0.1)
    return network


@pytest.mark.parametrize(("groups", "width"), [(1, 64), (32, 4)])
def test_with_the_stride_in_the_3x3_it_is_torchvisions(groups: int, width: int) -> None:
    ours = randomised(groups=groups, group_width=width, stride_in_1x1=False)
    with torch.inference_mode():
        found, expected = ours(PICTURE), theirs_with(ours, groups, width)(PICTURE)
    assert [maps.shape[2:] for maps in found] == [(24, 16), (12, 8), (6, 4), (3, 2)]
    assert [maps.shape[1] for maps in found] == ours.channels == [256, 512, 1024, 2048]
    for one, other in zip(found, expected.values(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("in_1x1", "inner"), [(True, 12), (False, 24)])
def test_the_stride_of_a_stage_sits_where_it_is_asked_for(in_1x1: bool, inner: int) -> None:
    network = randomised(stride_in_1x1=in_1x1)
    sides = []
    network.get_submodule("res3.0.conv1").register_forward_hook(lambda _, __, out: sides.append(out.shape[2]))
    with torch.inference_mode():
        network(PICTURE)
    assert sides == [inner]


def test_every_second_pixel_is_all_a_1x1_with_stride_sees() -> None:
    network = randomised()
    block = network.get_submodule("res3.0")
    features = torch.rand(1, 256, 8, 8)
    changed = features.clone()
    changed[:, :, 1::2] = 9.0
    with torch.inference_mode():
        assert torch.equal(block(features), block(changed))


def test_the_frozen_norm_is_the_same_with_and_without_gradients() -> None:
    norm = FrozenNorm(4)
    for value in norm.state_dict().values():
        value.uniform_(0.5, 2)
    features = torch.rand(2, 4, 3, 3)
    torch.testing.assert_close(norm(features), norm(features.clone().requires_grad_()))
    reference = nn.BatchNorm2d(4, eps=1e-5)
    reference.load_state_dict(norm.state_dict(), strict=False)
    torch.testing.assert_close(norm(features), reference.eval()(features))


@pytest.mark.parametrize(("stages", "frozen"), [(0, []), (2, ["stem", "res2"]), (5, ["stem", *STAGES])])
def test_the_first_stages_do_not_train(stages: int, frozen: list[str]) -> None:
    network = ResNet((1, 1, 1, 1), frozen_stages=stages, stem_channels=4, group_width=4)
    learning = {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"stem", *STAGES} - set(frozen)
