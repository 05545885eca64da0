"""The assembly of torchvision's parts against torchvision's own builders."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import segmentation

from maskwright.models.torchvision_segmentation import (
    build_deeplabv3,
    build_deeplabv3_point_rend,
    build_fcn,
    build_lraspp,
)


def ours_and_theirs(
    build: Callable[..., nn.Module], kind: str, backbone: str, **options
) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(4)
    ours = build(3, backbone=backbone, **({"auxiliary": options["aux_loss"]} if "aux_loss" in options else {}))
    torch.manual_seed(4)
    theirs = getattr(segmentation, f"{kind}_{backbone}")
    return ours.eval(), theirs(weights=None, weights_backbone=None, num_classes=4, **options).eval()


@pytest.mark.parametrize(
    ("build", "kind", "backbone", "options"),
    [
        (build_deeplabv3, "deeplabv3", "mobilenet_v3_large", {"aux_loss": False}),
        (build_deeplabv3, "deeplabv3", "mobilenet_v3_large", {"aux_loss": True}),
        (build_deeplabv3, "deeplabv3", "resnet50", {"aux_loss": True}),
        (build_fcn, "fcn", "resnet50", {"aux_loss": True}),
        (build_lraspp, "lraspp", "mobilenet_v3_large", {}),
    ],
    ids=["deeplab", "deeplab with auxiliary head", "deeplab on resnet", "fcn", "lraspp"],
)
def test_the_same_seed_gives_torchvisions_network(
    build: Callable[..., nn.Module], kind: str, backbone: str, options: dict
) -> None:
    ours, theirs = ours_and_theirs(build, kind, backbone, **options)
    state = ours.get_submodule("network").state_dict()
    assert state.keys() == theirs.state_dict().keys()
    assert all(torch.equal(value, state[key]) for key, value in theirs.state_dict().items())
    images = torch.rand(1, 3, 40, 56)
    with torch.inference_mode():
        found = ours(images)
        expected = theirs((images - ours.mean) / ours.std)
    assert torch.equal(found["logits"], expected["out"])
    assert ("auxiliary" in found) == ("aux" in expected)
    if "auxiliary" in found:
        assert torch.equal(found["auxiliary"], expected["aux"])


@pytest.mark.parametrize("build", [build_deeplabv3, build_lraspp])
@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "mobilenet_v2"])
def test_the_small_mobilenets_learn_in_every_part(build: Callable[..., nn.Module], backbone: str) -> None:
    torch.manual_seed(0)
    options = {"auxiliary": True} if build is build_deeplabv3 else {}
    model = build(2, backbone=backbone, **options).train()
    output = model(torch.rand(2, 3, 33, 50))
    assert all(logits.shape == (2, 3, 33, 50) for logits in output.values())
    sum(logits.square().mean() for logits in output.values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "resnet50"])
def test_point_rend_refines_the_very_network_that_deeplab_is(backbone: str) -> None:
    torch.manual_seed(0)
    plain = build_deeplabv3(2, backbone=backbone, auxiliary=True).eval()
    model = build_deeplabv3_point_rend(2, backbone=backbone, auxiliary=True, point_features=8).eval()
    missing, unexpected = model.load_state_dict(plain.state_dict(), strict=False)
    assert unexpected == []
    assert {name.split(".")[1] for name in missing} == {"point_head"}
    images = torch.rand(1, 3, 40, 56)
    with torch.inference_mode():
        expected, refined = plain(images), model(images)
        model.get_submodule("network").training = True  # its parts stay in evaluation mode
        coarse = model(images)
    torch.testing.assert_close(coarse["logits"], expected["logits"])
    torch.testing.assert_close(coarse["auxiliary"], expected["auxiliary"])
    torch.testing.assert_close(refined["auxiliary"], expected["auxiliary"])
    assert refined["logits"].shape == expected["logits"].shape
    assert not torch.allclose(refined["logits"], expected["logits"])


def test_the_rates_of_the_pyramid_are_an_option() -> None:
    model = build_deeplabv3(2, backbone="mobilenet_v3_small", rates=[2, 5])
    dilations = {m.dilation for m in model.get_submodule("network.classifier").modules() if isinstance(m, nn.Conv2d)}
    assert dilations == {(1, 1), (2, 2), (5, 5)}
