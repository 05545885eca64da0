"""A trained model, ready to predict, from a run folder, a checkpoint folder or a model file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from maskwright.errors import NotFinite, UsageError, WeightsError
from maskwright.files import recover_folder
from maskwright.images.resize import InputSize
from maskwright.model_file import ModelCard, read_model_file
from maskwright.models import catalogue
from maskwright.recipes.schema import Input
from maskwright.runs.context import input_size
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import MODEL_FILE


@dataclass(frozen=True)
class LoadedModel:
    """A module in evaluation mode, what its card says, and the file both are from."""

    module: nn.Module
    card: ModelCard
    table: ClassTable
    input_size: InputSize
    file: Path

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the file when the module answers with numbers that are not finite."""
        try:
            yield
        except NotFinite as error:
            raise WeightsError(f"{self.file}: {error}") from error


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

    Raises ``UsageError`` when there is no model, ``WeightsError`` when its file does not fit its own card or holds NaN
    or infinity.
    """
    file = model_file(path)
    card, weights = read_model_file(file)
    spoilt = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if spoilt:
        raise NotFinite(f"{file}: NaN or infinity in {len(spoilt)} of {len(weights)} tensors, such as {spoilt[0]}")
    module = catalogue.build(card.name, len(card.classes), card.options)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{file}: does not fit the model {card.name} it names ({error}). Train it again.") from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    module.eval().to(device)
    return LoadedModel(module, card, card.table, input_size(Input(**card.input)), file)
