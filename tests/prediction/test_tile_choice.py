"""The tile of ``--tile auto``."""

import math

import pytest
from torch import nn

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize
from maskwright.model_file import TrainingImageFigures
from maskwright.models.catalogue import create_model
from maskwright.prediction.tile_choice import SMALLEST_TILE, choose_tile, most_objects, parse_tile

SIZE = InputSize(square=False, size=800)


def network(**limits: int) -> nn.Module:
    module = nn.Module()
    for name, value in limits.items():
        setattr(module, name, value)
    return module


def test_a_tile_is_as_large_as_the_training_images() -> None:
    assert choose_tile(network(detections=100), SIZE, TrainingImageFigures(480, 5.0)) == 480
    assert choose_tile(network(), SIZE, TrainingImageFigures(480, 1e6)) == 480  # a semantic model finds any number


@pytest.mark.parametrize(
    ("density", "limits"), [(300.0, {"detections": 100}), (900.0, {"detections": 900, "queries": 300})]
)
def test_a_tile_of_the_densest_image_has_half_of_the_objects_that_can_be_found(
    density: float, limits: dict[str, int]
) -> None:
    side = choose_tile(network(**limits), SIZE, TrainingImageFigures(2000, density))
    assert density * side**2 / 1e6 == pytest.approx(min(limits.values()) / 2, rel=0.01)


def test_without_known_training_images_each_pixel_is_seen_as_it_is() -> None:
    assert choose_tile(network(detections=100), SIZE, None) == 800


@pytest.mark.parametrize(
    "images", [TrainingImageFigures(-3, 1.0), TrainingImageFigures(0, math.nan), TrainingImageFigures(10, math.inf)]
)
def test_a_card_that_makes_no_sense_gives_a_tile_all_the_same(images: TrainingImageFigures) -> None:
    assert SMALLEST_TILE <= choose_tile(network(detections=100), SIZE, images) <= 800


def test_an_instance_network_says_how_many_objects_it_finds() -> None:
    assert most_objects(create_model("mask_rcnn:resnet18", 2, {"detections": 37})) == 37
    assert most_objects(create_model("residual_attention_unet", 2, {"widths": [4, 8]})) is None


def test_what_is_no_tile_is_refused() -> None:
    for text in ("8", "-5", "many", "", "1.5", "9999999"):
        with pytest.raises(UsageError, match="--tile"):
            parse_tile(text)
