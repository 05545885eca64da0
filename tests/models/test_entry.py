"""What an entry of the catalogue says about options and weights."""

from functools import partial

from torch import nn

from maskwright.models.entry import imagenet, keyword_options


def build(classes: int, *, backbone: str, width: int = 3, depth: int = 2) -> nn.Module:
    raise NotImplementedError


def test_the_options_are_the_keywords_without_what_names_the_model() -> None:
    assert keyword_options(build) == ("backbone", "depth", "width")
    assert keyword_options(partial(build, backbone="resnet18")) == ("depth", "width")


def test_a_preset_value_stays_an_option() -> None:
    assert keyword_options(partial(build, backbone="resnet18", width=5)) == ("depth", "width")


def test_imagenet_weights_say_where_they_lie() -> None:
    assert imagenet("mobilenet_v2")["imagenet"].address.startswith("https://")
