"""Shipped recipes: a variant differs from its base only where its name says, a twin only in size."""

from pathlib import Path
from typing import Any

import pytest

from maskwright.models import catalogue
from maskwright.recipes.loading import load_recipe, shipped_recipes

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
SMALLER_RCNN = {f"model.{key}" for key in ("name", "weights", "input.size", "input.longest")} | {
    f"model.options.{key}"
    for key in (
        "frozen_norm", "pyramid_channels", "box_features", "mask_channels", "anchor_sizes",
        "proposals_train", "proposals_test", "rois_per_image",
    )
}  # fmt: skip
LONGER = {
    f"train.{key}" for key in ("epochs", "validate_every", "optimizer.lr", "schedule.name", "schedule.warmup_steps")
}
# What 300 images and a CPU need beyond a smaller model: a first stage on all classes, and strong augmentation.
FEW_IMAGES = (
    {f"model.options.{key}" for key in ("class_agnostic_boxes", "class_agnostic_masks", "score_threshold")}
    | {f"augment.{key}" for key in ("scale", "copy_paste", "rotation", "brightness", "contrast", "saturation", "hue")}
    | {f"train.{key}" for key in ("optimizer.encoder_lr_factor", "sampling.name", "sampling.threshold")}
    | {f"train.{key}" for key in ("ema", "clip_norm", "precision", "workers")}
)
TWINS = {
    "deeplab-mobilenet-5class": DATA | {"model.name", "model.weights", "evaluate.on", "train.validate_every"},
    "deeplab-resnet50-5class": DATA
    | {"model.weights", "model.input.size", "evaluate.on", "train.epochs", "train.validate_every"},
    "unet-grouped": DATA
    | {"model.options.widths", "model.options.bottleneck", "model.input.size"}
    | {"train.validate_every", "train.epochs"},
    "maskrcnn-person-car-dog-cake": SMALLER_RCNN | LONGER,
    "maskrcnn-person-cat-ball-book": SMALLER_RCNN
    | LONGER
    | FEW_IMAGES
    | {f"train.optimizer.{key}" for key in ("name", "momentum", "weight_decay")},
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
def test_a_twin_differs_only_in_its_data_its_size_and_its_length(name: str) -> None:
    assert differing(name, f"{name}-coco300") <= TWINS[name]


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_the_model_of_every_shipped_recipe_is_in_the_catalogue(name: str) -> None:
    recipe = load_recipe(name)
    assert catalogue.find_model(recipe.model.name).task == recipe.task


def without(options: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


@pytest.mark.parametrize("name", ["deeplabplus-mobilenetv2-5class-finetuned", "maskrcnn-person-cat-ball-book-coco300"])
def test_a_second_stage_builds_the_model_of_the_first_and_starts_from_its_best_weights(name: str) -> None:
    second = load_recipe(name)
    folder, *rest = Path(second.model.weights).relative_to("runs").parts
    assert rest == ["checkpoints", "best", "model.safetensors"]
    first = load_recipe(folder)
    assert first.model.name == second.model.name
    of_prediction = {"score_threshold", "proposals_test"}
    assert without(second.model.options, of_prediction) == without(first.model.options, of_prediction)
