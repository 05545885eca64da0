"""What an entry of the catalogue says about options and weights."""

from functools import partial

from torch import nn

from maskwright.models.entry import imagenet, keyword_options, split_options


def build(classes: int, *, backbone: str, width: int = 3, depth: int = 2) -> nn.Module:
    raise NotImplementedError


def test_the_options_are_the_keywords_without_what_names_the_model() -> None:
    assert keyword_options(build) == ("backbone", "depth", "width")
    assert keyword_options(partial(build, backbone="resnet18")) == ("depth", "width")


def test_a_preset_value_stays_an_option() -> None:
    assert keyword_options(partial(build, backbone="resnet18", width=5)) == ("depth", "width")


def part(channels: int, *, points: int = 1, depth: int = 3) -> nn.Module:
    raise NotImplementedError


def test_the_options_of_several_are_their_union() -> None:
    assert keyword_options(partial(build, backbone="resnet18"), part) == ("depth", "points", "width")


def test_options_are_split_into_those_of_a_part_and_the_rest() -> None:
    assert split_options(part, {"points": 2, "width": 5}) == ({"points": 2}, {"width": 5})
    assert split_options(part, {}) == ({}, {})


def test_imagenet_weights_say_where_they_lie() -> None:
    assert imagenet("mobilenet_v2")["imagenet"].address.startswith("https://")
