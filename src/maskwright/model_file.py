"""Model files: safetensors weights with a card that describes the model. Reading one executes no code."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from maskwright.errors import WeightsError
from maskwright.files import write_bytes
from maskwright.structures import ClassTable, Task

CARD_KEY = "maskwright"
SOURCE_KEY = "source"


@dataclass(frozen=True)
class ModelCard:
    """The card of a model file: what is needed to rebuild the model and to use it correctly.

    Attributes:
        name: Name in the model catalogue.
        task: ``instance`` or ``semantic``.
        options: Options of the model beyond its number of classes.
        classes: The class table as :meth:`maskwright.structures.class_table.ClassTable.to_json` gives it.
        input: The recipe's ``model.input``: how images are resized.
        epoch: The epoch after which the weights were saved.
        scores: Validation scores of that epoch; None where a score is undefined.
        recipe: The recipe of the run as YAML text.
    """

    name: str
    task: Task
    options: dict[str, Any]
    classes: list[dict[str, Any]]
    input: dict[str, Any]
    epoch: int
    scores: dict[str, float | None]
    recipe: str

    @property
    def table(self) -> ClassTable:
        """The classes that the model was trained on."""
        return ClassTable.from_json(self.classes)


def card_metadata(card: ModelCard) -> dict[str, str]:
    """Return the metadata of a safetensors file that holds ``card``."""
    return {CARD_KEY: json.dumps(asdict(card))}


def write_model_file(
    path: Path, card: ModelCard, weights: Mapping[str, torch.Tensor], source: Mapping[str, Any]
) -> None:
    """Write ``weights`` with their ``card`` to ``path``, and with ``source``, the provenance of the weights."""
    contiguous = {name: value.contiguous() for name, value in weights.items()}
    write_bytes(path, save(contiguous, {**card_metadata(card), SOURCE_KEY: json.dumps(source)}))


def read_model_file(path: Path) -> tuple[ModelCard, dict[str, torch.Tensor]]:
    """Return the card and the weights in the model file at ``path``.

    Raises ``WeightsError`` when the file is damaged or was not written by Maskwright.
    """
    try:
        with safe_open(path, framework="pt") as file:
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
        return ModelCard(**json.loads(metadata[CARD_KEY])), weights
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path}: has the card of another version ({error}). Use that version.") from error


def read_card(path: Path) -> ModelCard | None:
    """Return the card in a model file; None for a file that has none or does not exist."""
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return ModelCard(**json.loads(metadata[CARD_KEY])) if CARD_KEY in metadata else None
    except (SafetensorError, OSError, TypeError, ValueError):
        return None  # reading the weights reports the fault


def read_provenance(path: Path) -> dict[str, Any]:
    """Return the provenance of the weights in the model file at ``path``; empty where it is not recorded.

    Raises ``SafetensorError`` when the file is damaged.
    """
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get(SOURCE_KEY)
    return json.loads(text) if text else {}
