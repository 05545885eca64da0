"""What the results of a model's task do not allow: each is refused before any work, with the remedy."""

from collections.abc import Mapping
from typing import Any

from maskwright.errors import UsageError
from maskwright.runs.loaded_model import LoadedModel
from maskwright.structures import Task

# The options of `maskwright predict` that a task cannot serve.
_IMPOSSIBLE: dict[Task, tuple[str, ...]] = {
    "instance": (),
    "semantic": ("--cutouts", "--ids-of"),
    "panoptic": ("--cutouts", "--ids-of", "--taxonomy", "--resume"),
}


def require_possible(model: LoadedModel[Any], asked: Mapping[str, object]) -> None:
    """Raise ``UsageError`` where an option that is ``asked`` for, by its name, does not go with the model's task."""
    for option in _IMPOSSIBLE[model.task]:
        if asked[option]:
            raise UsageError(f"{model.file}: a {model.task} model; {_needs(option)} models. Omit it.")


def _needs(option: str) -> str:
    served = " and ".join(task for task, options in _IMPOSSIBLE.items() if option not in options)
    return f"{option} are of the objects of {served}" if option == "--cutouts" else f"{option} is for {served}"
