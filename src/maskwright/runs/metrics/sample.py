"""The images that a training measures with each validation: a fixed sample, small enough to cost little time."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from maskwright.recipes.schema import Recipe

Item = TypeVar("Item")

# To predict an image, or to compute its losses, takes up to half of the time of training on it. The scores of one in 30
# cost less than 2 %, and so does the validation loss of as many.
_ONE_IN = 30
_MOST = 500


def affordable_images(recipe: Recipe, images: int) -> int:
    """Return how many images may be measured with each validation of a training on ``images`` images.

    It is one in 30 of the images that are trained on between two validations, at least one and at most 500.
    """
    return max(1, min(_MOST, images * recipe.train.validate_every // _ONE_IN))


def fixed_sample(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Return ``count`` of ``items``, or all if there are no more, in their order; ``seed`` decides which."""
    if count >= len(items):
        return list(items)
    chosen = np.random.default_rng([seed, len(items)]).choice(len(items), count, replace=False)
    return [items[number] for number in sorted(chosen.tolist())]


def training_sample(recipe: Recipe, images: Sequence[Item]) -> list[Item]:
    """Return those of the training ``images`` whose scores ``train.measure_training`` asks for; none if false."""
    wanted = recipe.train.measure_training
    if wanted is False:
        return []
    if wanted is True:
        return list(images)
    count = affordable_images(recipe, len(images)) if wanted == "auto" else wanted
    return fixed_sample(images, count, recipe.seed)
