"""The check that a model was not trained on a target: by its recipe, its weights' source, its classes and its card."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import yaml

from maskwright.errors import MaskwrightError, UsageError
from maskwright.model_file import read_model_file, read_provenance
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.published_weights import list_weights
from maskwright.recipes.loading import validate_recipe
from maskwright.recipes.schema import Recipe, Source
from maskwright.recipes.transfer import Target, Transfer
from maskwright.transfers.cityscapes_target import CITYSCAPES, cityscapes_evidence

_COCO_FILE = re.compile(r"instances_(train|val)20(14|17)\.json$")


def require_unseen_by_recipe(key: str, trained: Recipe, recipe: Transfer) -> None:
    """Raise ``UsageError`` when a model trained by the recipe ``trained`` would have seen one of the targets."""
    _refuse(key, recipe, partial(_by_recipe, trained, Path(recipe.root)))


def require_unseen_by_published(key: str, name: str, recipe: Transfer) -> None:
    """Raise ``UsageError`` when the published weights ``name`` were trained on one of the targets."""
    _refuse(key, recipe, partial(_by_zoo, name, Path(recipe.root)))


def require_unseen_by_file(key: str, file: Path, recipe: Transfer) -> None:
    """Raise ``UsageError`` when the model in ``file`` says that it was trained on one of the targets."""
    _refuse(key, recipe, partial(_by_file, file, Path(recipe.root)))


def _refuse(key: str, recipe: Transfer, reason: Callable[[Target], str | None]) -> None:
    for name, target in recipe.targets.items():
        found = reason(target)
        if found:
            raise UsageError(
                f"models.{key}: {found}, which is the target '{name}'; expected a model that has not seen it. "
                f"Name it under bound instead, as what can be reached there."
            )


def _by_zoo(name: str, root: Path, target: Target) -> str | None:
    trained_on = next((each["trained_on"] for each in list_weights() if each["name"] == name), None)
    return _by_data_set(name, trained_on, root, target)


def _by_data_set(name: str, trained_on: str | None, root: Path, target: Target) -> str | None:
    if trained_on == "Cityscapes" and (city := cityscapes_evidence(target, root)):
        return f"{name} was trained on {city}"
    if trained_on == "COCO" and target.annotations is not None and _COCO_FILE.search(target.annotations):
        return f"{name} was trained on COCO"
    return None


def _by_file(file: Path, root: Path, target: Target, depth: int = 0) -> str | None:
    """Return why the model in ``file`` has seen ``target``: by its card, its source, or the weights it started from."""
    card, _ = read_model_file(file)
    source = read_provenance(file)
    file_name, address = source.get("file"), source.get("address")
    zoo = next((model for model in ZOO.values() if model.file == file_name or model.address == address), None)
    if zoo is not None:
        return _by_data_set(zoo.name, zoo.trained_on, root, target)
    names = tuple(each["name"] for each in card.classes)
    if not card.recipe:
        city = cityscapes_evidence(target, root) if names == CITYSCAPES else None
        return f"it has Cityscapes' eight classes and was converted, so that it was trained on {city}" if city else None
    try:
        recipe = validate_recipe(yaml.safe_load(card.recipe), str(file))
    except (MaskwrightError, yaml.YAMLError):
        return None  # a recipe of another version says nothing that can be checked
    found = _by_recipe(recipe, root, target)
    started = Path(recipe.model.weights)
    if found is None and depth < 5 and started.suffix == ".safetensors" and started.is_file():
        try:
            return _by_file(started, root, target, depth + 1)
        except MaskwrightError:
            return None
    return found


def _by_recipe(recipe: Recipe, root: Path, target: Target) -> str | None:
    """Return why a model trained by ``recipe`` has seen ``target``."""
    if recipe.model.weights == "cityscapes" and (city := cityscapes_evidence(target, root)):
        return f"its training began with weights trained on {city}"
    shapes = recipe.data.shapes
    if shapes is not None and target.shapes is not None and shapes.domain == target.shapes.domain:
        return f"it was trained on {shapes.domain} shapes"
    for source in _sources(recipe):
        annotations, images = (Path(recipe.data.root) / path for path in (source.annotations, source.images))
        for part in (target, target.train):
            if part is None:
                continue
            if part.annotations is not None and _same_file(annotations, root / part.annotations):
                return f"it was trained on {annotations}"
            if part.cityscapes is not None and images.resolve().is_relative_to((root / part.cityscapes).resolve()):
                return f"it was trained on images of {root / part.cityscapes}"
    return None


def _sources(recipe: Recipe) -> Iterator[Source]:
    for source in (recipe.data.train, recipe.data.source):
        if source is not None:
            yield source


def _same_file(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    both = one.is_file() and other.is_file() and one.stat().st_size == other.stat().st_size
    return both and one.read_bytes() == other.read_bytes()
