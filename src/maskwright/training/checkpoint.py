"""Checkpoints: the model as safetensors with its card inside, and the training state beside it. No code is executed.

A checkpoint is a folder with ``model.safetensors`` (what prediction needs, complete in itself) and ``state.pt`` (what
resuming needs besides, read with ``weights_only``).
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from maskwright.errors import MaskwrightError, WeightsError
from maskwright.files import recover_folder, writing_folder
from maskwright.structures import ClassTable, Task

CARD_KEY = "maskwright"
MODEL_FILE = "model.safetensors"
STATE_FILE = "state.pt"


@dataclass(frozen=True)
class ModelCard:
    """What a model file says about itself, enough to build the model again and to use it rightly."""

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
        """The classes the model was trained on."""
        return ClassTable.from_json(self.classes)


def save_checkpoint(folder: Path, card: ModelCard, weights: Mapping[str, torch.Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint to ``folder``, in place of an older one, whole or not at all.

    Raises ``MaskwrightError`` when it cannot be written, as on a full disk; the older one is still there.
    """
    contiguous = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    try:
        with writing_folder(folder) as temporary:
            save_file(contiguous, temporary / MODEL_FILE, metadata={CARD_KEY: json.dumps(asdict(card))})
            with (temporary / STATE_FILE).open("wb") as file:  # by Python, which says why writing failed
                torch.save(state, file)
            shutil.copymode(temporary / STATE_FILE, temporary / MODEL_FILE)  # safetensors' own is its owner's alone
    except (OSError, RuntimeError, SafetensorError) as error:
        raise MaskwrightError(
            f"{folder}: the checkpoint cannot be written ({_why(error)}); one saved before is intact. "
            "Make room on the disk, or the folder writable, then go on with --resume."
        ) from error


def tidy(folder: Path) -> None:
    """Remove what killed saves left in the ``folder`` of checkpoints; an older one that was set aside comes back."""
    for aside in folder.glob(".*.old.part"):
        recover_folder(folder / aside.name.removeprefix(".").removesuffix(".old.part"))
    for part in folder.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)


def _why(error: BaseException) -> str:
    """What the system said, which torch replaces by where in its code it noticed."""
    if isinstance(error, RuntimeError) and isinstance(error.__context__, OSError):
        error = error.__context__
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def read_model_file(path: Path) -> tuple[ModelCard, dict[str, torch.Tensor]]:
    """The card and the weights in a model file.

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
            f"{path}: holds weights, but not what model they belong to; expected a model file written by Maskwright. "
            "Use checkpoints/best/model.safetensors of a run."
        )
    try:
        return ModelCard(**json.loads(metadata[CARD_KEY])), weights
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path}: has the card of another version ({error}). Use that version.") from error


def read_card(path: Path) -> ModelCard | None:
    """The card in a model file; None for a file that has none or does not exist."""
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return ModelCard(**json.loads(metadata[CARD_KEY])) if CARD_KEY in metadata else None
    except (SafetensorError, OSError, TypeError, ValueError):
        return None  # reading the weights says what is wrong


def read_state(folder: Path) -> dict[str, Any] | None:
    """The training state in checkpoint ``folder``, or None when there is no such checkpoint."""
    recover_folder(folder)
    if not (folder / STATE_FILE).is_file():
        return None
    try:
        return torch.load(folder / STATE_FILE, "cpu", weights_only=True)
    except Exception as error:  # damaged bytes make torch's reader raise almost anything: KeyError, struct.error …
        raise WeightsError(
            f"{folder / STATE_FILE}: cannot be read ({type(error).__name__}): it is damaged, or holds code besides "
            "numbers; expected the state a training saved. Start again without --resume."
        ) from error
