"""Atrous rates that fit the crop: the paper's at the paper's crop, inside the feature map at every other."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from maskwright.errors import UsageError
from maskwright.models.atrous_rates import fitting_rates, resolve_atrous_rates
from maskwright.models.catalogue import create_model

PLUS = "smp:DeepLabV3Plus/mobilenet_v2"
ATROUS = [PLUS, "smp:DeepLabV3/resnet18", "deeplabv3_mobilenet_v3_small", "deeplabv3_point_rend_resnet50"]


def option(name: str) -> str:
    return "decoder_atrous_rates" if name.startswith("smp:") else "rates"


def test_the_rates_are_the_paper_s_at_its_crop_and_are_not_enlarged_beyond() -> None:
    assert fitting_rates(513, 16) == fitting_rates(1024, 16) == [6, 12, 18]
    assert fitting_rates(513, 8) == [12, 24, 36]


@given(st.integers(32, 2000), st.sampled_from([8, 16]))
def test_every_rate_reaches_inside_the_feature_map(side: int, stride: int) -> None:
    rates = fitting_rates(side, stride)
    assert rates == sorted(rates)
    assert 1 <= rates[0] <= rates[2] < -(-side // stride)


@pytest.mark.parametrize(("rate", "reads"), [(6, True), (17, True), (18, False), (24, False), (36, False)])
def test_a_rate_as_large_as_the_feature_map_reads_nothing_but_padding(rate: int, reads: bool) -> None:
    features = torch.ones(1, 1, 18, 18)  # of a crop of 288 at stride 16
    around = torch.ones(1, 1, 3, 3)
    around[..., 1, 1] = 0
    assert bool(functional.conv2d(features, around, padding=rate, dilation=rate).any()) == reads


@pytest.mark.parametrize("name", ATROUS)
def test_auto_gives_the_rates_at_the_output_stride_that_the_model_has(name: str) -> None:
    side, widths = 160, set()
    options = resolve_atrous_rates(name, {option(name): "auto"}, side)
    largest = options[option(name)][2]

    def note_width(layer: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        widths.add(output.shape[-1])

    model = create_model(name, 2, options).eval()
    for module in model.modules():  # the largest rate is the pyramid's alone
        if isinstance(module, torch.nn.Conv2d) and module.dilation[0] == largest:
            module.register_forward_hook(note_width)
    with torch.inference_mode():
        model(torch.rand(1, 3, side, side))
    assert options[option(name)] == fitting_rates(side, side // widths.pop())
    assert not widths


def test_the_option_of_the_stride_and_a_shallow_encoder_count() -> None:
    finer = {"decoder_atrous_rates": "auto", "encoder_output_stride": 8}
    assert resolve_atrous_rates(PLUS, finer, 320)["decoder_atrous_rates"] == fitting_rates(320, 8)
    shallow = {"decoder_atrous_rates": "auto", "encoder_depth": 3}
    assert resolve_atrous_rates(PLUS, shallow, 320)["decoder_atrous_rates"] == fitting_rates(320, 8)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (PLUS, {"decoder_atrous_rates": [12, 24, 36], "decoder_channels": 64}),
        (PLUS, {}),
        ("deeplabv3_resnet50", {"rates": (3, 5, 7)}),
        ("smp:Unet/resnet18", {"decoder_atrous_rates": "auto"}),
        ("lraspp_mobilenet_v2", {"rates": "auto"}),
        ("unheard_of", {"rates": "auto"}),
    ],
)
def test_stated_rates_and_models_without_a_pyramid_stay_as_they_are(name: str, options: dict[str, Any]) -> None:
    assert resolve_atrous_rates(name, options, 320) == options


@pytest.mark.parametrize("name", ATROUS)
def test_another_word_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=rf"model\.options\.{option(name)}: found 'wide'; expected auto, or three"):
        resolve_atrous_rates(name, {option(name): "wide"}, 320)
