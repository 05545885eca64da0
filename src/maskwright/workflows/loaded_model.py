"""A trained model, ready to predict, from a run folder, a checkpoint folder or a model file."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from maskwright.errors import UsageError, WeightsError
from maskwright.files import recover_folder
from maskwright.images.resize import InputSize
from maskwright.models import catalogue
from maskwright.recipes.schema import Input
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import MODEL_FILE, ModelCard, read_model_file
from maskwright.workflows.experiment import input_size


@dataclass(frozen=True)
class LoadedModel:
    """A module in evaluation mode and what its card says."""

    module: nn.Module
    card: ModelCard
    table: ClassTable
    input_size: InputSize


def model_file(path: Path) -> Path:
    """The model file that ``path`` stands for: the best checkpoint of a run, a checkpoint's model, or the file itself.

    Raises ``UsageError`` when there is none.
    """
    if path.is_file():
        return path
    for folder in (path / "checkpoints" / "best", path):
        recover_folder(folder)
        if (folder / MODEL_FILE).is_file():
            return folder / MODEL_FILE
    raise UsageError(
        f"{path}: no model here; expected a run folder with checkpoints, a checkpoint folder or a .safetensors file."
    )


def load_model(path: Path, device: str = "auto") -> LoadedModel:
    """The model at ``path`` on ``device`` (``auto``, ``cpu`` or ``cuda``).

    Raises ``UsageError`` when there is no model, ``WeightsError`` when its file does not fit its own card.
    """
    file = model_file(path)
    card, weights = read_model_file(file)
    module = catalogue.build(card.name, len(card.classes), card.options)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{file}: does not fit the model {card.name} it names ({error}). Train it again.") from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    module.eval().to(device)
    return LoadedModel(module, card, card.table, input_size(Input(**card.input)))
