"""The check that a model was not trained on the images of the source, by its recipe or its published weights.

A model is meant to know the source's classes and kind of images. Scores on the very images of its training would make
the shift to a target look larger than it is.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.models.weights.published_classes import coco_classes
from maskwright.recipes.schema import Recipe
from maskwright.recipes.transfer import ImageSet, Transfer
from maskwright.transfers.training_data import PastTraining
from maskwright.transfers.unseen_images import SOURCE_REMEDY, files_in_common, training_sources

# train2017 holds all of val2014 but five thousand images, which are val2017.
_COCO_TRAINING_FILE = re.compile(r"instances_(train2014|val2014|train2017)\.json$")


def require_unseen_source(key: str, trainings: Iterable[PastTraining], recipe: Transfer) -> None:
    """Raise ``UsageError`` when one of the ``trainings`` of the model ``key`` was on the source of ``recipe``.

    Only names, files and seeds are compared; images are by
    :func:`maskwright.transfers.unseen_images.require_unseen_images`.
    """
    source, root = recipe.source, Path(recipe.root)
    for training in trainings:
        found = _by_data_set(training, source) or (training.recipe and _by_recipe(training.recipe, source, root))
        if found:
            seen, remedy = found
            raise UsageError(
                f"models.{key}: {seen}, which is the source; expected a source of images that it has not seen. {remedy}"
            )


def _by_data_set(training: PastTraining, source: ImageSet) -> tuple[str, str] | None:
    """Return why published or converted weights have seen ``source``, and what to do; None when nothing says so."""
    name = training.name or "it"
    data_set = training.data_set
    if data_set is None and training.classes == tuple(coco_classes()):
        data_set = "COCO"
    if data_set == "COCO" and source.annotations is not None and _COCO_TRAINING_FILE.search(source.annotations):
        return f"{name} was trained on COCO's training images", "Name those of instances_val2017.json."
    if data_set == "Cityscapes" and source.cityscapes is not None and source.split == "train":
        return f"{name} was trained on Cityscapes' split train", "Set source.split to val."
    return None


def _by_recipe(trained: Recipe, source: ImageSet, root: Path) -> tuple[str, str] | None:
    """Return why a model trained by ``trained`` has seen ``source``, and what to do; None when nothing says so."""
    shapes, drawn = trained.data.shapes, source.shapes
    if shapes is not None and drawn is not None and (shapes.domain, 2 * shapes.seed) == (drawn.domain, drawn.seed):
        seen = f"it was trained on {shapes.domain} shapes of the seed {drawn.seed}"
        return seen, "Choose another source.shapes.seed, such as 1000."
    file = files_in_common(trained, source, root)
    if file is not None:
        whole = trained.data.train is not None
        return f"it was trained on {'' if whole else 'a part of '}{file}", SOURCE_REMEDY
    if source.cityscapes is not None:
        split = (root / source.cityscapes / "leftImg8bit" / source.split).resolve()
        for each in training_sources(trained):
            if (Path(trained.data.root) / each.images).resolve().is_relative_to(split):
                return f"it was trained on images of {split}", "Set source.split to another one."
    return None
