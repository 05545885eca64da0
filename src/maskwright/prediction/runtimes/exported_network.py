"""Exported networks: a file of another runtime behind the interface of a network of torch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from maskwright.errors import NotFinite, UsageError, WeightsError, unknown_name
from maskwright.model_file import CARD_KEY, ModelCard, parse_card
from maskwright.prediction.runtimes.runtime import ONNX, OPENVINO, Runtime
from maskwright.structures import Task

EXPORTED_SUFFIXES = (ONNX, OPENVINO)


class ExportedNetwork(nn.Module):
    """A network of the ``task`` in another runtime, which takes and returns what one of torch does.

    It is on the CPU, where its only parameter, an empty one, tells callers to put the images.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> from maskwright.prediction.runtimes.exported_network import ExportedNetwork
        >>> class Doubling:
        ...     metadata, size = {}, (None, None)
        ...
        ...     def run(self, images):
        ...         return {"logits": 2 * images}
        >>> network = ExportedNetwork(Doubling(), "semantic")
        >>> float(network(torch.ones(1, 3, 4, 5))["logits"].mean())
        2.0
    """

    def __init__(self, runtime: Runtime, task: Task) -> None:
        super().__init__()
        self.runtime, self.task = runtime, task
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)
        self._padded_size: Callable[[tuple[int, int]], tuple[int, int]] | None = None
        self._detections_of: Callable[..., dict[str, torch.Tensor]] | None = None

    def follow(self, model: nn.Module) -> None:
        """Do with arrays what the network ``model`` does, whose export this is: make detections, and paste masks."""
        self._padded_size = getattr(model, "padded_size", None)
        self._detections_of = getattr(model, "detections_of", None)
        self.detections, self.queries = (getattr(model, name, None) for name in ("detections", "queries"))
        if hasattr(model, "paste"):
            self.paste = model.paste

    def forward(self, images: torch.Tensor | Sequence[torch.Tensor]) -> Any:
        """Return the logits of ``images`` ``(B, 3, H, W)``, or the detections of each image ``(3, H, W)``.

        Raises :class:`~maskwright.errors.NotFinite` for an output that is NaN or infinite, and ``UsageError`` for
        images of a size that the file does not take.
        """
        if self.task == "instance":
            return [self._detections(image) for image in images]
        assert isinstance(images, torch.Tensor)
        return self._run(images)

    def _detections(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        if self._detections_of is None or self._padded_size is None:
            return self._run(image)
        seen = (image.shape[1], image.shape[2])
        padded = self._padded_size(seen)  # before the file sees an image too large for it
        return self._detections_of(self._run(image), seen, padded)

    def _run(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        self._require_size((images.shape[-2], images.shape[-1]))
        found = {name: torch.from_numpy(value) for name, value in self.runtime.run(images.numpy()).items()}
        if not all(bool(value.isfinite().all()) for value in found.values()):
            raise NotFinite("The model answers an image with NaN or infinity")
        return found

    def _require_size(self, size: tuple[int, int]) -> None:
        for side, fixed in zip(size, self.runtime.size, strict=True):
            if fixed is not None and side != fixed:
                raise UsageError(
                    f"An exported model of a fixed input size got an image of {size[1]}×{size[0]} pixels; expected "
                    f"{self.runtime.size[1]}×{self.runtime.size[0]}. Predict without --scales, or with the model that "
                    "was exported."
                )


def open_exported(path: Path) -> tuple[ModelCard, ExportedNetwork]:
    """Return the card and the network in the exported file at ``path``, an ``.onnx`` or an ``.xml`` of OpenVINO.

    It computes with as many threads as torch does.

    Raises ``WeightsError`` when the file is damaged or was not exported by Maskwright, and ``ModuleNotFoundError``
    without the library that computes it.
    """
    runtime = open_runtime(path, torch.get_num_threads())
    if CARD_KEY not in runtime.metadata:
        raise WeightsError(
            f"{path}: holds a network without a card; expected a file that `maskwright export` wrote. Export the model "
            "again."
        )
    try:
        card = parse_card(runtime.metadata[CARD_KEY])
    except ValueError as error:
        raise WeightsError(
            f"{path}: has a damaged card, or that of another version ({error}). Export the model again."
        ) from error
    return card, ExportedNetwork(runtime, card.task)


def open_runtime(path: Path, threads: int) -> Runtime:
    """Return the network in the file at ``path``, computed with so many ``threads``.

    Raises ``UsageError`` for another suffix than those of ``EXPORTED_SUFFIXES``, and what :func:`open_exported` raises.
    """
    # Imported here: each library takes a second, and no other model needs them.
    if path.suffix == ONNX:
        from maskwright.prediction.runtimes.onnx_runtime import OnnxRuntime

        return OnnxRuntime(path, threads)
    if path.suffix == OPENVINO:
        from maskwright.prediction.runtimes.openvino_runtime import OpenVinoRuntime

        return OpenVinoRuntime(path, threads)
    raise unknown_name("suffix of an exported model", path.suffix, EXPORTED_SUFFIXES)
