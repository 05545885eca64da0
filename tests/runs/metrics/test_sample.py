"""The measured sample is fixed, small by default, and what the recipe asks for otherwise."""

from typing import Any

import pytest

from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs.metrics.sample import affordable_images, fixed_sample, training_sample


def recipe(*overrides: str) -> Recipe:
    return load_recipe("demo-semantic", ["train.validate_every=1", *overrides])


@pytest.mark.parametrize(("images", "every", "expected"), [(8, 1, 1), (300, 1, 10), (300, 5, 50), (118_287, 1, 500)])
def test_by_default_one_image_in_thirty_of_those_between_two_validations(images: int, every: int, expected: int):
    assert affordable_images(recipe(f"train.validate_every={every}"), images) == expected
    assert len(training_sample(recipe(f"train.validate_every={every}"), range(images))) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [("true", 50), ("false", 0), ("0", 0), ("1", 1), ("7", 7), ("80", 50), ("auto", 1)]
)
def test_the_recipe_chooses_all_none_or_so_many(wanted: str, expected: int) -> None:
    assert len(training_sample(recipe(f"train.measure_training={wanted}"), range(50))) == expected


@pytest.mark.parametrize("wanted", [-3, 2.5, "some"])
def test_nonsense_is_refused(wanted: Any) -> None:
    with pytest.raises(Exception, match="measure_training"):
        recipe(f"train.measure_training={wanted}")


def test_the_sample_is_the_same_each_time_and_another_for_another_seed() -> None:
    chosen = fixed_sample(range(100), 12, seed=3)
    assert chosen == fixed_sample(range(100), 12, seed=3) == sorted(set(chosen))
    assert len(chosen) == 12
    assert chosen != fixed_sample(range(100), 12, seed=4)
