"""The shipped experiments: a variant differs from what it varies only where its name says; a twin only in size."""

from typing import Any

import pytest

from maskwright.models import catalogue
from maskwright.recipes.loading import load_recipe, shipped

VARIANTS = {
    "deeplab-mobilenet-5class-weighted-ce": {"loss.class_weights"},
    "deeplab-mobilenet-5class-focal-tversky": {"loss.name"},
    "deeplab-mobilenet-5class-oversampled": {"train.sampling.name", "train.sampling.power"},
    "deeplab-mobilenet-5class-augmented": {
        f"augment.{key}" for key in ("scale", "crop", "copy_paste", "brightness", "contrast", "saturation", "hue")
    },
    "deeplab-resnet50-5class": {"model.name"},
    "unet-grouped-dice-ce": {"loss.name"},
    "unet-grouped-weighted-ce": {"loss.class_weights"},
}
DATA = {f"data.{key}" for key in ("root", "source", "split", "train", "validation", "max_images")}
TWINS = {
    "deeplab-mobilenet-5class": DATA | {"model.name", "model.weights", "evaluate.on", "train.validate_every"},
    "deeplab-resnet50-5class": DATA
    | {"model.weights", "model.input.size", "evaluate.on", "train.epochs", "train.validate_every"},
    "unet-grouped": DATA
    | {"model.options.widths", "model.options.bottleneck", "model.input.size"}
    | {"train.validate_every", "train.epochs"},
}


def settings(name: str) -> dict[str, Any]:
    """Every setting of a shipped recipe but its name and description, by its dotted key."""
    return dict(_flat("", load_recipe(name).model_dump(exclude={"name", "description"})))


def _flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and prefix not in ("data.train", "data.validation", "data.source"):
        return [item for key, inner in value.items() for item in _flat(f"{prefix}.{key}".lstrip("."), inner)]
    return [(prefix, value)]


def differing(one: str, other: str) -> set[str]:
    first, second = settings(one), settings(other)
    return {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_variant_differs_only_where_its_name_says(name: str) -> None:
    base = next(base for base in ("deeplab-mobilenet-5class", "unet-grouped") if name.startswith(base[:7]))
    assert differing(name, base) == VARIANTS[name]


@pytest.mark.parametrize("name", sorted(TWINS))
def test_a_twin_differs_only_in_its_data_and_its_size(name: str) -> None:
    assert differing(name, f"{name}-coco300") <= TWINS[name]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_model_of_every_shipped_recipe_is_in_the_catalogue(name: str) -> None:
    recipe = load_recipe(name)
    assert catalogue.find(recipe.model.name).task == recipe.task
