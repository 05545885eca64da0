from pathlib import Path

import pytest

from maskwright.recipes.loading import validate_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs.starting.earlier_fit import other_options


@pytest.fixture
def recipe() -> Recipe:
    return validate_recipe(
        {
            "name": "labels",
            "task": "semantic",
            "data": {
                "train": {"images": "photos/train", "annotations": "labels-data/train.json"},
                "validation": {"images": "photos/train", "annotations": "labels-data/validation.json"},
            },
            "classes": ["disc", "ring"],
            "model": {"name": "unet", "options": {}, "weights": "none"},
            "train": {"epochs": 1},
        },
        "labels.yaml",
    )


SAME = {
    "task": "semantic", "model": "unet", "weights": "none", "classes": ["ring", "disc"], "images": "./photos",
    "minutes": 3.0,
}  # fmt: skip


def test_options_that_the_recipe_follows_are_none(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert other_options(recipe, SAME) == []
    assert other_options(recipe, dict.fromkeys(SAME)) == []
    assert other_options(recipe, {"images": tmp_path / "photos" / "train"}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task", "instance"),
        ("model", "deeplab"),
        ("weights", "coco"),
        ("classes", ["disc"]),
        ("images", "photos/other"),
    ],
)
def test_an_option_that_would_fit_another_recipe_is_named(recipe: Recipe, name: str, value: object) -> None:
    assert other_options(recipe, SAME | {name: value}) == [f"--{name}"]
