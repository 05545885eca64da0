"""A recipe that was fitted by an earlier call, and the options of this call that it does not follow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.recipes.schema import Recipe


def other_options(recipe: Recipe, given: Mapping[str, Any]) -> list[str]:
    """Return which of the ``given`` options of ``init`` would fit another recipe than ``recipe``, as ``--classes``.

    ``minutes`` is none of them: the recipe has the epochs that were planned, and not the time. An option that is None
    was not given.
    """
    fitted = {
        "task": lambda task: recipe.task == task,
        "model": lambda name: recipe.model.name == name,
        "weights": lambda weights: str(recipe.model.weights) == str(weights),
        "classes": lambda names: set(recipe.classes or ()) == set(names),
        "images": lambda folder: _has_images_of(recipe, Path(folder)),
    }
    return [f"--{name}" for name, is_same in fitted.items() if given.get(name) is not None and not is_same(given[name])]


def _has_images_of(recipe: Recipe, folder: Path) -> bool:
    """Return whether the training images lie in ``folder`` or below it: an export has one folder for each part."""
    train = recipe.data.train
    return train is not None and (Path(recipe.data.root) / train.images).resolve().is_relative_to(folder.resolve())
