"""Model files: safetensors weights with a card that describes the model. Reading one executes no code."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from maskwright.errors import DataError, WeightsError
from maskwright.files import require_regular_file, write_bytes
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import ClassTable, Task

CARD_KEY = "maskwright"
SOURCE_KEY = "source"
MATERIALS_KEY = "materials"

# A card has some hundred letters of options; many thousand layers would be built of more.
_LONGEST_OPTIONS = 10_000
_LONGEST_SIDE = 2**31 - 1  # pixels, the most that PNG has
# A bill of materials has some hundred letters for each of a handful of materials.
_LONGEST_MATERIALS = 100_000


@dataclass(frozen=True)
class TrainingImageFigures:
    """What the images were like that a model was trained on.

    Attributes:
        short_side: The median of their short sides, in pixels.
        density: The most objects in a megapixel of one of them, with its own area as the measure.
    """

    short_side: int
    density: float


@dataclass(frozen=True)
class ModelCard:
    """The card of a model file: what is needed to rebuild the model and to use it correctly.

    Attributes:
        name: Name in the model catalogue.
        task: ``instance``, ``semantic`` or ``panoptic``.
        options: Options of the model beyond its number of classes.
        classes: The class table as :meth:`maskwright.structures.class_table.ClassTable.to_json` gives it.
        input: The recipe's ``model.input``: how images are resized.
        epoch: The epoch after which the weights were saved.
        scores: Validation scores of that epoch; None where a score is undefined.
        recipe: The recipe of the run as YAML text.
        training_images: What the training images were like; None where it is not known, as in files of earlier versions
            and in converted weights.
    """

    name: str
    task: Task
    options: dict[str, Any]
    classes: list[dict[str, Any]]
    input: dict[str, Any]
    epoch: int
    scores: dict[str, float | None]
    recipe: str
    training_images: TrainingImageFigures | None = None

    @property
    def table(self) -> ClassTable:
        """The classes that the model was trained on."""
        return ClassTable.from_json(self.classes)


def card_metadata(card: ModelCard, materials: Sequence[Mapping[str, Any]] = ()) -> dict[str, str]:
    """Return the metadata of a safetensors file that holds ``card``, and the bill of ``materials`` of the model."""
    return {CARD_KEY: json.dumps(asdict(card)), MATERIALS_KEY: json.dumps(list(materials))}


def write_model_file(
    path: Path,
    card: ModelCard,
    weights: Mapping[str, torch.Tensor],
    source: Mapping[str, Any],
    materials: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write ``weights`` with their ``card`` to ``path``.

    Beside them are ``source``, the provenance of the weights, and ``materials``, the bill of materials of the model.
    """
    contiguous = {name: value.contiguous() for name, value in weights.items()}
    write_bytes(path, model_bytes(contiguous, {**card_metadata(card, materials), SOURCE_KEY: json.dumps(source)}))


def model_bytes(weights: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file of contiguous ``weights``, the same bytes for the same content.

    The library writes the ``metadata`` in another order each time.
    """
    content = save(dict(weights), dict(metadata))
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + content[start:]


def read_model_file(path: Path) -> tuple[ModelCard, dict[str, torch.Tensor]]:
    """Return the card and the weights in the model file at ``path``.

    Raises ``WeightsError`` when the file is damaged or was not written by Maskwright.
    """
    try:
        with safe_open(require_regular_file(path), framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dictionary
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors ({error}). Train or copy it again.") from error
    if CARD_KEY not in metadata:
        raise WeightsError(
            f"{path}: holds weights without a card; expected a model file written by Maskwright. "
            "Use checkpoints/best/model.safetensors of a run."
        )
    try:
        return parse_card(metadata[CARD_KEY]), weights
    except ValueError as error:
        raise WeightsError(
            f"{path}: has a damaged card, or that of another version ({error}). Use that version, or copy it again."
        ) from error


def parse_card(text: str) -> ModelCard:
    """Return the card in the JSON ``text``; raise ``ValueError`` when its fields are not those of a card."""
    try:
        record = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _require_shallow(record)
    unknown = sorted(record.keys() - {each.name for each in fields(ModelCard)}) if isinstance(record, dict) else []
    if unknown:
        raise ValueError(f"unknown fields {', '.join(unknown):.80}")
    card = msgspec.convert(record, ModelCard)  # whose error is a ValueError
    if len(json.dumps(card.options)) > _LONGEST_OPTIONS:
        raise ValueError(f"its options have more than {_LONGEST_OPTIONS:,} letters")
    if card.training_images is not None and not 0 <= card.training_images.short_side <= _LONGEST_SIDE:
        raise ValueError(f"its training images have a short side beyond 0 to {_LONGEST_SIDE:,} pixels")
    try:
        ClassTable.from_json(card.classes)
    except DataError as error:
        raise ValueError(str(error)) from error
    return card


def _require_shallow(record: Any) -> None:
    """Raise ``ValueError`` when lists and objects lie deeper in ``record`` than the limit ``json-depth``."""
    level, depth = [[record]], 0
    while level := [part for each in level for part in _parts(each) if isinstance(part, dict | list)]:
        depth += 1
        if depth > input_limit("json-depth"):
            raise ValueError(f"it is nested too deeply; {beyond_limit('json-depth')}")


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def read_card(path: Path) -> ModelCard | None:
    """Return the card in a model file; None for a file that has none or does not exist."""
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return parse_card(metadata[CARD_KEY]) if CARD_KEY in metadata else None
    except (SafetensorError, OSError, ValueError):
        return None  # reading the weights reports the fault


def read_provenance(path: Path) -> dict[str, Any]:
    """Return the provenance of the weights in the model file at ``path``; empty where it is not recorded.

    Raises ``SafetensorError`` when the file is damaged.
    """
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get(SOURCE_KEY)
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}  # it says where weights come from, and nothing depends on it
    return found if isinstance(found, dict) else {}


def read_materials(path: Path) -> list[dict[str, str | None]]:
    """Return the bill of materials in the model file at ``path``, see :mod:`maskwright.models.weights.materials`.

    It is empty where none is recorded, as in files of earlier versions.

    Raises ``SafetensorError`` when the file is damaged.
    """
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get(MATERIALS_KEY)
    if text is None or len(text) > _LONGEST_MATERIALS:
        return []
    try:
        return msgspec.json.decode(text, type=list[dict[str, str | None]])
    except (msgspec.DecodeError, RecursionError):
        return []  # it says where weights come from, and no model depends on it
