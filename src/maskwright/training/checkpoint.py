"""Checkpoints: the model as safetensors with its card inside, and the training state beside it. No code is executed.

A checkpoint is a folder with ``model.safetensors`` (what prediction needs, complete in itself) and ``state.pt`` (what
resuming needs besides, read with ``weights_only``).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from maskwright.errors import MaskwrightError, WeightsError
from maskwright.files import recover_folder, writing_folder
from maskwright.model_file import ModelCard, card_metadata

MODEL_FILE = "model.safetensors"
STATE_FILE = "state.pt"


def save_checkpoint(folder: Path, card: ModelCard, weights: Mapping[str, torch.Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint to ``folder``, in place of an older one, whole or not at all.

    Raises ``MaskwrightError`` when it cannot be written, as on a full disk; the older one is still there.
    """
    contiguous = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    try:
        with writing_folder(folder) as temporary:
            save_file(contiguous, temporary / MODEL_FILE, metadata=card_metadata(card))
            with (temporary / STATE_FILE).open("wb") as file:  # by Python, which says why writing failed
                torch.save(state, file)
            shutil.copymode(temporary / STATE_FILE, temporary / MODEL_FILE)  # safetensors' own is its owner's alone
    except (OSError, RuntimeError, SafetensorError) as error:
        raise MaskwrightError(
            f"{folder}: the checkpoint cannot be written ({_why(error)}); one saved before is intact. "
            "Make room on the disk, or the folder writable, then go on with --resume."
        ) from error


def remove_partial_files(folder: Path) -> None:
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
