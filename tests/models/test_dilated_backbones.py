"""Dilated backbones: strides and channels as documented, and weights that load from the classifiers."""

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter

from maskwright.errors import UsageError
from maskwright.models.dilated_backbones import DILATED_BACKBONES, build_dilated


@pytest.mark.parametrize("name", DILATED_BACKBONES)
def test_the_taps_have_the_strides_and_channels_said(name: str) -> None:
    with torch.device("meta"):  # shapes without arithmetic
        features, last, fine, early = build_dilated(name)
        taps = {early.child: "early", fine.child: "fine", last.child: "last"}
        body = IntermediateLayerGetter(features, taps).eval()
        found = body(torch.rand(1, 3, 64, 96))
    stride = 8 if name.startswith("resnet") else 16
    assert found["last"].shape == (1, last.channels, 64 // stride, 96 // stride)
    assert found["fine"].shape == (1, fine.channels, 8, 12)
    assert found["early"].shape == (1, early.channels, 16, 24)


@pytest.mark.parametrize("name", DILATED_BACKBONES)
def test_the_classifiers_weights_fit_without_renaming(name: str) -> None:
    with torch.device("meta"):
        classifier = torchvision.models.get_model(name, weights=None)
        plain = getattr(classifier, "features", classifier)
        ours = build_dilated(name).features
    shapes = [{key: value.shape for key, value in module.state_dict().items()} for module in (ours, plain)]
    assert shapes[0] == shapes[1]


def test_mobilenet_v2_sees_as_far_as_before_on_a_grid_twice_as_fine() -> None:
    torch.manual_seed(0)
    plain = torchvision.models.mobilenet_v2(weights=None).features.eval()
    dilated = build_dilated("mobilenet_v2").features.eval()
    dilated.load_state_dict(plain.state_dict())
    # Every second position of the finer grid looks at the same inputs as the coarse one; rims differ by the padding.
    image = torch.rand(1, 3, 320, 320)
    with torch.inference_mode():
        coarse, fine = plain(image), dilated(image)
    assert fine.shape[-1] == 2 * coarse.shape[-1]
    torch.testing.assert_close(fine[..., ::2, ::2][..., 4:-4, 4:-4], coarse[..., 4:-4, 4:-4], rtol=1e-3, atol=1e-4)


def test_dilation_leaves_no_stride_beyond_16_and_pads_what_it_spreads() -> None:
    convolutions = [m for m in build_dilated("mobilenet_v2").features.modules() if isinstance(m, nn.Conv2d)]
    assert sum(c.stride == (2, 2) for c in convolutions) == 4
    spread = [c for c in convolutions if c.dilation != (1, 1)]
    assert len(spread) == 4  # the depthwise convolutions of the last four blocks
    assert all(c.padding == (2, 2) and c.kernel_size == (3, 3) for c in spread)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Nearest: .*resnet50"):
        build_dilated("resnet5")
