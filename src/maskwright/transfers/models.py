"""The models of a transfer: found, fetched, converted or trained, and refused where they know the target already."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import yaml
from safetensors import safe_open

from maskwright.errors import MaskwrightError, UsageError, require_file
from maskwright.models.detectron2.zoo import ZOO
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe, validate
from maskwright.recipes.schema import Recipe, Source
from maskwright.recipes.transfer import Start, Target, Transfer
from maskwright.runs.loaded_model import model_file
from maskwright.training.checkpoint import ModelCard, read_model_file
from maskwright.transfers.targets import CITYSCAPES, as_cityscapes
from maskwright.workflows.run import train
from maskwright.workflows.weights import SOURCE_KEY, convert_weights, list_weights

Role = Literal["model", "bound", "tuned"]

_COCO_FILE = re.compile(r"instances_(train|val)20(14|17)\.json$")
_CHECKPOINTS = (".pkl", ".pth", ".pt")


@dataclass(frozen=True)
class Contender:
    """A model file that takes part; ``target`` is the only one it is measured on, None for all.

    ``made`` says where it comes from.
    """

    name: str
    role: Role
    file: Path
    card: ModelCard
    sha256: str
    made: dict[str, Any]
    target: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For ``transfer.json``."""
        return {
            "role": self.role,
            "model": self.card.name,
            "classes": [each["name"] for each in self.card.classes],
            "sha256": self.sha256,
            "made": self.made,
            "target": self.target,
        }


def require_starts(recipe: Transfer) -> None:
    """Raise ``UsageError`` for starts that do not exist, and for those that by name or recipe know a target.

    Nothing is fetched, trained or written.
    """
    for key, start in {**recipe.models, **recipe.bound}.items():
        free = key in recipe.bound
        if start.recipe is not None:
            trained = load_recipe(start.recipe, start.set)
            if trained.task != "instance":
                raise UsageError(
                    f"models.{key}: {start.recipe} trains a {trained.task} model; expected an instance one."
                )
            if not free:
                _refuse(key, recipe, partial(_by_recipe, trained, Path(recipe.root)))
            continue
        assert start.use is not None
        if not Path(start.use).exists() and start.use in _published():
            if not free:
                _refuse(key, recipe, partial(_by_zoo, start.use, Path(recipe.root)))
        elif Path(start.use).suffix in _CHECKPOINTS:
            require_file(Path(start.use), "weights")
        else:
            file = model_file(Path(start.use))
            card, _ = read_model_file(file)
            _require_instances(key, card)
            if not free:
                require_stranger(key, file, recipe)


def make(key: str, start: Start, role: Role, folder: Path, recipe: Transfer, reporter: Reporter) -> Contender:
    """The contender ``key``, trained or fetched into ``folder`` unless it is there.

    Raises ``UsageError`` or ``WeightsError`` when that cannot be done, or it knows a target and is no bound.
    """
    if start.recipe is not None:
        path = folder / "trained" / key
        reporter.say(f"{key}: training by {start.recipe}")
        train(start.recipe, overrides=start.set, out=path, resume=True, reporter=reporter)
        return contender(key, role, model_file(path), {"recipe": start.recipe, "set": list(start.set)})
    assert start.use is not None
    path = Path(start.use)
    if path.suffix in _CHECKPOINTS or (not path.exists() and start.use in _published()):
        file = folder / "weights" / f"{key}.safetensors"
        if not _is_converted(file, start.use):
            convert_weights(start.use, file, reporter=reporter)
        found = contender(key, role, file, {"use": start.use, **_source(file)})
    else:
        found = contender(key, role, model_file(path), {"use": start.use})
    _require_instances(key, found.card)
    if role == "model":
        require_stranger(key, found.file, recipe)
    return found


def _is_converted(file: Path, use: str) -> bool:
    """Whether ``file`` is the conversion of the checkpoint that ``use`` names."""
    if not file.is_file():
        return False
    source = _source(file)
    if Path(use).is_file():
        return source.get("sha256") == _sha256(Path(use))
    return use in ZOO and source.get("file") == ZOO[use].file


def contender(key: str, role: Role, file: Path, made: dict[str, Any], target: str | None = None) -> Contender:
    """The model in ``file`` as a contender."""
    card, _ = read_model_file(file)
    return Contender(key, role, file, card, _sha256(file), {**_source(file), **made}, target)


def require_stranger(key: str, file: Path, recipe: Transfer) -> None:
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


def _require_instances(key: str, card: ModelCard) -> None:
    if card.task != "instance":
        raise UsageError(f"models.{key}: is a {card.task} model; expected an instance model. Leave it out.")


def _published() -> set[str]:
    return {each["name"] for each in list_weights()}


def _by_zoo(name: str, root: Path, target: Target) -> str | None:
    trained_on = next((each["trained_on"] for each in list_weights() if each["name"] == name), None)
    return _by_data_set(name, trained_on, root, target)


def _by_data_set(name: str, trained_on: str | None, root: Path, target: Target) -> str | None:
    if trained_on == "Cityscapes" and (city := as_cityscapes(target, root)):
        return f"{name} was trained on {city}"
    if trained_on == "COCO" and target.annotations is not None and _COCO_FILE.search(target.annotations):
        return f"{name} was trained on COCO"
    return None


def _by_file(file: Path, root: Path, target: Target, depth: int = 0) -> str | None:
    """Why the model in ``file`` knows ``target``, by its card, its source, and the weights it was trained from."""
    card, _ = read_model_file(file)
    source = _source(file)
    file_name, address = source.get("file"), source.get("address")
    zoo = next((model for model in ZOO.values() if model.file == file_name or model.address == address), None)
    if zoo is not None:
        return _by_data_set(zoo.name, zoo.trained_on, root, target)
    names = tuple(each["name"] for each in card.classes)
    if not card.recipe:
        city = as_cityscapes(target, root) if names == CITYSCAPES else None
        return f"it has Cityscapes' eight classes and was converted, so that it was trained on {city}" if city else None
    try:
        recipe = validate(yaml.safe_load(card.recipe), str(file))
    except (MaskwrightError, yaml.YAMLError):
        return None  # of another version; it cannot be told
    found = _by_recipe(recipe, root, target)
    started = Path(recipe.model.weights)
    if found is None and depth < 5 and started.suffix == ".safetensors" and started.is_file():
        try:
            return _by_file(started, root, target, depth + 1)
        except MaskwrightError:
            return None
    return found


def _by_recipe(recipe: Recipe, root: Path, target: Target) -> str | None:
    """Why what ``recipe`` trains knows ``target``."""
    if recipe.model.weights == "cityscapes" and (city := as_cityscapes(target, root)):
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


def _source(file: Path) -> dict[str, Any]:
    """What a converted model file says of where its weights are from."""
    with safe_open(file, framework="pt") as content:
        text = (content.metadata() or {}).get(SOURCE_KEY)
    return yaml.safe_load(text) if text else {}


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
