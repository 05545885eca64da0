"""Load a trained model, ready to predict, from a run folder, a checkpoint folder, a model file or an export."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import torch
from torch import nn

from maskwright.errors import NotFinite, UsageError, WeightsError, one_line
from maskwright.images.resize import InputSize
from maskwright.model_file import ModelCard, read_model_file
from maskwright.models import catalogue
from maskwright.prediction.computation import Precision, compile_network, require_precision
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.runtimes.exported_network import EXPORTED_SUFFIXES, open_exported
from maskwright.prediction.tile_choice import choose_tile
from maskwright.recipes.schema import Input
from maskwright.run_folder import RunFolder, model_file
from maskwright.runs.context import input_size
from maskwright.structures import Instances, LabelMap, PanopticMap, Task
from maskwright.training.device import resolve_device, resolve_precision

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class LoadedModel(Predictor[Found]):
    """A trained model in evaluation mode; :meth:`predict` applies it to images.

    Args:
        module: The network.
        task: ``instance``, ``semantic`` or ``panoptic``.
        classes: The classes that it was trained on.
        input_size: The size to which images are resized for the network.
        file: The model file that it was loaded from.
        card: The metadata in that file: model name and options, epoch, scores, recipe.

    Example:
        >>> import maskwright as mw
        >>> model = mw.load_model("runs/first")
        >>> model.card.name
        'mask_rcnn:resnet18'
        >>> data = mw.CocoDataset.open("labels.json", images="photos")
        >>> found = model.predict(data[0].image, score=0.5)
        >>> found.size == data[0].size
        True
    """

    file: Path
    card: ModelCard

    @property
    def usual_tile(self) -> int:
        """The side of the tiles that suit large images, by what the card says of the training images."""
        return choose_tile(self.module, self.input_size, self.card.training_images)


@overload
def load_model(
    path: str | Path | RunFolder,
    device: str = "auto",
    *,
    task: Literal["instance"],
    precision: Precision = "fp32",
    compiled: bool = False,
) -> LoadedModel[Instances]: ...


@overload
def load_model(
    path: str | Path | RunFolder,
    device: str = "auto",
    *,
    task: Literal["semantic"],
    precision: Precision = "fp32",
    compiled: bool = False,
) -> LoadedModel[LabelMap]: ...


@overload
def load_model(
    path: str | Path | RunFolder,
    device: str = "auto",
    *,
    task: Literal["panoptic"],
    precision: Precision = "fp32",
    compiled: bool = False,
) -> LoadedModel[PanopticMap]: ...


@overload
def load_model(
    path: str | Path | RunFolder,
    device: str = "auto",
    *,
    task: None = None,
    precision: Precision = "fp32",
    compiled: bool = False,
) -> LoadedModel[Any]: ...


def load_model(
    path: str | Path | RunFolder,
    device: str = "auto",
    *,
    task: Task | None = None,
    precision: Precision = "fp32",
    compiled: bool = False,
) -> LoadedModel[Any]:
    """Load a trained model, ready to predict.

    Args:
        path: A run folder (its best checkpoint is taken), a checkpoint folder, a ``.safetensors`` file that Maskwright
            wrote, or a file that ``maskwright export`` wrote: ``.onnx``, or ``.xml`` of OpenVINO.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for a GPU where there is one. An export computes on the CPU.
        task: ``instance``, ``semantic`` or ``panoptic``, to require a model of this task. Type checkers then know what
            it predicts.
        precision: ``fp32``, or ``bf16`` for bfloat16, which is faster where the hardware has it and rounds results.
            On a CPU without instructions for bfloat16, where it would take many times as long, ``fp32`` is taken, and
            the model's ``precision`` says so.
        compiled: Have torch compile the network at its first image, which takes up to minutes.

    Returns:
        The model in evaluation mode, with ``predict``, ``classes``, ``task`` and ``device``.

    Raises:
        UsageError: There is no model at ``path``, it is of another ``task``, ``device`` or ``precision`` is unknown or
            not here, an export is asked for another precision or to be compiled, or a compiler is missing.
        WeightsError: The file does not fit the model that its card names, or holds NaN or infinity.

    Example:
        >>> import maskwright as mw
        >>> model = mw.load_model("runs/first")
        >>> model.task
        'instance'
        >>> model.classes.names
        ['disc', 'square', 'triangle', 'ring']
    """
    resolved = resolve_device(device)
    require_precision(precision)
    if precision == "bf16" and resolve_precision("bf16-mixed", resolved) != "bf16-mixed":
        taken: Precision = "fp32"
    else:
        taken = precision
    file = model_file(Path(path))
    if file.suffix in EXPORTED_SUFFIXES:
        if precision != "fp32" or compiled:
            raise UsageError(f"{file}: an export, which computes as it was exported. Omit --precision and --compile.")
        return _load_exported(file, device, task)
    card, weights = read_model_file(file)
    _require_task(file, card, task)
    spoilt = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if spoilt:
        raise NotFinite(f"{file}: NaN or infinity in {len(spoilt)} of {len(weights)} tensors, such as {spoilt[0]}")
    _require_fit(file, card, weights)
    size = _input_size(file, card)
    module = catalogue.create_model(card.name, len(card.classes), card.options)
    module.load_state_dict(weights)
    module = module.eval().to(resolved)
    if compiled:
        compile_network(module, torch.device(resolved))
    return LoadedModel(
        module=module, task=card.task, classes=card.table, input_size=size, file=file, precision=taken, card=card
    )


def _load_exported(file: Path, device: str, task: Task | None) -> LoadedModel[Any]:
    """Load an export; the network that its card names says how masks are pasted."""
    if device not in ("auto", "cpu"):
        raise UsageError(f"{file}: an export, which computes on the CPU; found --device {device}. Use auto or cpu.")
    card, network = open_exported(file)
    _require_task(file, card, task)
    network.follow(_blank(file, card))
    size = _input_size(file, card)
    return LoadedModel(module=network.eval(), task=card.task, classes=card.table, input_size=size, file=file, card=card)


def _require_task(file: Path, card: ModelCard, task: Task | None) -> None:
    if task is not None and card.task != task:
        raise UsageError(f"{file}: is a model of the task {card.task}; expected the task {task}.")


def _blank(file: Path, card: ModelCard) -> nn.Module:
    """Return the model that the card describes, without memory; raise ``WeightsError`` where there is none."""
    try:
        if catalogue.find_model(card.name).task != card.task:
            raise WeightsError(f"{file}: its card says {card.task}, and the model {card.name} is not. Train it again.")
        with torch.device("meta"):
            return catalogue.create_model(card.name, len(card.classes), card.options)
    except UsageError as error:
        raise _unfit(file, card, error) from error


def _unfit(file: Path, card: ModelCard, error: Exception) -> WeightsError:
    found = f"does not fit the model {card.name:.80} it names ({one_line(error):.500})"
    return WeightsError(f"{file}: {found}. Train it again.")


def _require_fit(file: Path, card: ModelCard, weights: Mapping[str, torch.Tensor]) -> None:
    """Raise ``WeightsError`` when ``weights`` are not those of the model that the card describes.

    Asked of a model without memory: a card of a few bytes can name a model of any size.
    """
    blank = _blank(file, card)
    try:
        blank.load_state_dict(dict(weights), assign=True)
    except RuntimeError as error:
        raise _unfit(file, card, error) from error


def _input_size(file: Path, card: ModelCard) -> InputSize:
    """Return the size at which the card's model sees images; raise ``WeightsError`` for one that makes no sense."""
    try:
        return input_size(card.name, card.options, Input(**card.input))
    except (TypeError, ValueError, UsageError) as error:
        found = f"its card has the input {card.input} ({one_line(error):.300})"
        raise WeightsError(f"{file}: {found}. Train it again.") from error
