"""What the weights of a model were trained on, as far as its file, its run folder and published lists say.

A model has a history: the training that wrote its file, and those of the weights that this one began with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.errors import DataError, MaskwrightError
from maskwright.images.training_images import TrainingImages
from maskwright.model_file import read_card, read_model_file, read_provenance
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.published_weights import list_weights
from maskwright.recipes.loading import recipe_of_text
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder

# More files that begin with one another than anybody trains; ends the search in a circle too.
_MOST_TRAININGS = 6

_DATA_SETS = {"coco": "COCO", "cityscapes": "Cityscapes"}


@dataclass(frozen=True)
class PastTraining:
    """One training in the history of a model.

    Of published weights ``data_set`` (``COCO`` or ``Cityscapes``) is known, and ``name`` where they are a whole model.
    Of a run ``recipe`` is known, and where its folder is there, ``images`` and ``sha256``, the hash of its annotation
    file. Of a file that was converted from an unknown checkpoint only ``classes`` are known. ``first`` is false for
    weights that a later training began with.
    """

    first: bool
    name: str | None = None
    data_set: str | None = None
    recipe: Recipe | None = None
    classes: tuple[str, ...] = ()
    images: TrainingImages | None = None
    sha256: str | None = None


def trainings_of_published(name: str, first: bool = True) -> Iterator[PastTraining]:
    """Yield the training of the published weights ``name``; nothing for an unknown name."""
    for each in list_weights():
        if each["name"] == name:
            yield PastTraining(first, name, each["trained_on"])


def trainings_of_recipe(recipe: Recipe, run: RunFolder | None = None, first: bool = True) -> Iterator[PastTraining]:
    """Yield the training by ``recipe``, whose folder is ``run`` where it is done, then those of its initial weights."""
    for _, training in zip(range(_MOST_TRAININGS), _of_recipe(recipe, run, first), strict=False):
        yield training


def trainings_of_file(file: Path) -> Iterator[PastTraining]:
    """Yield the trainings of the model in ``file``, the last one first.

    Raises ``WeightsError`` when ``file`` is no model file.
    """
    for _, training in zip(range(_MOST_TRAININGS), _of_file(file, True), strict=False):
        yield training


def _of_file(file: Path, first: bool) -> Iterator[PastTraining]:
    # The card alone is read at once, the weights only to say what is wrong with them.
    card = read_card(file) or read_model_file(file)[0]
    published = _published_file(read_provenance(file))
    if published is not None:
        yield from trainings_of_published(published, first)
    elif not card.recipe:
        yield PastTraining(first, classes=tuple(each["name"] for each in card.classes))
    else:
        try:
            recipe = recipe_of_text(card.recipe, str(file))
        except MaskwrightError:
            # A recipe of another version says nothing that can be checked, but the run's folder may.
            yield _of_run(first, None, _run_of(file))
            return
        yield from _of_recipe(recipe, _run_of(file), first)


def _of_recipe(recipe: Recipe, run: RunFolder | None, first: bool) -> Iterator[PastTraining]:
    yield _of_run(first, recipe, run)
    start = recipe.model.weights
    # Such as coco, coco-3x, cityscapes; imagenet is no data set of segmentation.
    data_set = _DATA_SETS.get(start.partition("-")[0])
    if data_set is not None:
        yield PastTraining(first=False, data_set=data_set)
    if Path(start).suffix == ".safetensors" and Path(start).is_file():
        try:
            yield from _of_file(Path(start), first=False)
        except MaskwrightError:
            return  # a file that was overwritten since


def _of_run(first: bool, recipe: Recipe | None, run: RunFolder | None) -> PastTraining:
    if run is None:
        return PastTraining(first, recipe=recipe)
    images = TrainingImages.read(run.trained_on_file) if run.trained_on_file.is_file() else None
    try:
        used = run.card.get("data", {}).get("train", {})
    except DataError:  # a damaged card says nothing
        used = {}
    return PastTraining(first, recipe=recipe, images=images, sha256=used.get("sha256"))


def _run_of(file: Path) -> RunFolder | None:
    """Return the run that ``file`` is the model of a checkpoint of, or None."""
    if file.parent.parent.name != "checkpoints":
        return None
    return RunFolder(file.parent.parent.parent)


def _published_file(source: Mapping[str, Any]) -> str | None:
    """Return the name of the published weights that a model file with the provenance ``source`` was converted from."""
    file, address = source.get("file"), source.get("address")
    for each in list_weights():
        zoo = ZOO.get(each["name"])
        its_file = zoo.file if zoo else each["address"].rpartition("/")[2]
        if (file is not None and file == its_file) or (address is not None and address == each["address"]):
            return each["name"]
    return None
