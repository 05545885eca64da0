"""Checkpoints: a model file with its card, and the training state beside it.

A checkpoint is a folder with one or two files. ``model.safetensors`` holds the weights and the card, which is all that
prediction needs. ``state.pt`` holds what resuming needs besides. It is read with ``weights_only``, so that reading it
executes no code.
"""

import copy
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from maskwright.errors import MaskwrightError, WeightsError
from maskwright.files import recover_folder, writing_folder
from maskwright.model_file import ModelCard, card_metadata, model_bytes, read_model_file
from maskwright.run_folder import MODEL_FILE

STATE_FILE = "state.pt"


def save_checkpoint(
    folder: Path,
    card: ModelCard,
    weights: Mapping[str, torch.Tensor],
    state: dict[str, Any] | None,
    materials: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write a checkpoint to ``folder``, completely or not at all.

    ``weights`` go into the model file together with ``card`` and the bill of ``materials``; they may lie on any device.
    ``state`` is what :meth:`maskwright.training.state.Training.state` returns; its ``model`` may be None where it is
    equal to ``weights``. Without a state, the checkpoint has the model file alone. An older checkpoint in ``folder`` is
    replaced.

    Raises ``MaskwrightError`` when the checkpoint cannot be written, as on a full disk. The older one is then still
    there.
    """
    contiguous = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    try:
        with writing_folder(folder) as temporary:
            (temporary / MODEL_FILE).write_bytes(model_bytes(contiguous, card_metadata(card, materials)))
            if state is not None:
                with (temporary / STATE_FILE).open("wb") as file:  # Python's error says why writing failed
                    torch.save(state, file)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise MaskwrightError(
            f"{folder}: the checkpoint cannot be written ({_why(error)}); one saved before is intact. "
            "Make room on the disk, or the folder writable, then go on with --resume."
        ) from error


def snapshot(value: Any, copies: dict[int, torch.Tensor] | None = None) -> Any:
    """Return ``value`` with a copy of each of its tensors in the memory of the host.

    Dictionaries, lists and tuples keep their kind. A tensor that occurs twice is copied once. A training can go on
    while the copies are written.
    """
    copies = {} if copies is None else copies
    if isinstance(value, torch.Tensor):
        if id(value) not in copies:
            copies[id(value)] = value.detach().to("cpu", copy=True)
        return copies[id(value)]
    if isinstance(value, dict):
        copied = copy.copy(value)  # keeps what a model's state has besides, its versions
        copied.update({key: snapshot(entry, copies) for key, entry in value.items()})
        return copied
    if isinstance(value, list | tuple):
        return type(value)(snapshot(entry, copies) for entry in value)
    return value


def remove_partial_files(folder: Path) -> None:
    """Remove what killed saves left in the ``folder`` of checkpoints, and put back older checkpoints set aside."""
    for aside in folder.glob(".*.old.part"):
        recover_folder(folder / aside.name.removeprefix(".").removesuffix(".old.part"))
    for part in folder.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)


def _why(error: BaseException) -> str:
    """Return the operating system's reason; a torch error only names the source line that noticed it."""
    if isinstance(error, RuntimeError) and isinstance(error.__context__, OSError):
        error = error.__context__
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def read_state(folder: Path) -> dict[str, Any] | None:
    """Return the training state in checkpoint ``folder`` with its tensors on the CPU, or None where it has none.

    Its ``model`` is read from the model file where the state leaves it to that. A checkpoint that a killed save had set
    aside is put back first.

    Raises ``WeightsError`` when a file is damaged or holds other objects than tensors and plain values.
    """
    recover_folder(folder)
    if not (folder / STATE_FILE).is_file():
        return None
    try:
        state = torch.load(folder / STATE_FILE, "cpu", weights_only=True)
    except Exception as error:  # damaged bytes make torch's reader raise almost anything: KeyError, struct.error …
        raise WeightsError(
            f"{folder / STATE_FILE}: cannot be read ({type(error).__name__}): it is damaged, or holds code besides "
            "numbers; expected the state a training saved. Start again without --resume."
        ) from error
    if "model" in state and state["model"] is None:
        state["model"] = read_model_file(folder / MODEL_FILE)[1]
    return state
