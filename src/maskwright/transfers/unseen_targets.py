"""The check that a model was not trained on a target: by its recipe, its weights' source, its classes and its card."""

import re
from collections.abc import Iterable
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.recipes.schema import Recipe
from maskwright.recipes.transfer import Target, Transfer
from maskwright.transfers.cityscapes_target import CITYSCAPES, cityscapes_evidence
from maskwright.transfers.training_data import PastTraining
from maskwright.transfers.unseen_images import files_in_common, training_sources

_COCO_FILE = re.compile(r"instances_(train|val)20(14|17)\.json$")


def require_unseen_targets(key: str, trainings: Iterable[PastTraining], recipe: Transfer) -> None:
    """Raise ``UsageError`` when one of the ``trainings`` of the model ``key`` was on a target of ``recipe``.

    Only names, files, classes and domains are compared; images are by
    :func:`maskwright.transfers.unseen_images.require_unseen_images`.
    """
    root = Path(recipe.root)
    for training in trainings:
        for name, target in recipe.targets.items():
            found = _by_data_set(training, root, target)
            if found is None and training.recipe is not None:
                found = _by_recipe(training.recipe, root, target)
            if found:
                raise UsageError(
                    f"models.{key}: {found}, which is the target '{name}'; expected a model that has not seen it. "
                    f"Name it under bound instead, as what can be reached there."
                )


def _by_data_set(training: PastTraining, root: Path, target: Target) -> str | None:
    """Return why published or converted weights have seen ``target``; None when nothing says so."""
    seen = f"{training.name} was trained on" if training.first else "its training began with weights trained on"
    if training.data_set == "Cityscapes" and (city := cityscapes_evidence(target, root)):
        return f"{seen} {city}"
    if training.data_set == "COCO" and target.annotations is not None and _COCO_FILE.search(target.annotations):
        return f"{seen} COCO"
    if training.classes == CITYSCAPES and (city := cityscapes_evidence(target, root)):
        return f"it has Cityscapes' eight classes and was converted, so that it was trained on {city}"
    return None


def _by_recipe(recipe: Recipe, root: Path, target: Target) -> str | None:
    """Return why a model trained by ``recipe`` has seen ``target``; None when nothing says so."""
    shapes = recipe.data.shapes
    if shapes is not None and target.shapes is not None and shapes.domain == target.shapes.domain:
        return f"it was trained on {shapes.domain} shapes"
    for part in (target, target.train):
        if part is None:
            continue
        file = files_in_common(recipe, part, root)
        if file is not None:
            return f"it was trained on {file}"
        for source in training_sources(recipe):
            images = Path(recipe.data.root) / source.images
            if part.cityscapes is not None and images.resolve().is_relative_to((root / part.cityscapes).resolve()):
                return f"it was trained on images of {root / part.cityscapes}"
    return None
