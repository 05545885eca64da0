"""Networks as graphs of ONNX, traced by torch: tensors in, tensors out."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torchvision.ops import boxes, nms

from maskwright.structures import Task

# RoIAlign without torchvision's shift is of 16, and OpenVINO reads 17.
_OPSET = 17

INPUTS: dict[Task, str] = {"semantic": "images", "instance": "image"}
_OUTPUTS: dict[Task, tuple[str, ...]] = {"semantic": ("logits",), "instance": ("boxes", "labels", "scores", "masks")}

_FREE_AXES: dict[Task, dict[str, dict[int, str]]] = {
    "semantic": {"images": {0: "B", 2: "H", 3: "W"}, "logits": {0: "B", 2: "H", 3: "W"}},
    "instance": {"image": {1: "H", 2: "W"}, **{name: {0: "N"} for name in _OUTPUTS["instance"]}},
}
_FREE_AXES_OF_QUERIES = {"image": {1: "H", 2: "W"}, "mask_logits": {1: "h", 2: "w"}}


def output_names(network: nn.Module, task: Task) -> tuple[str, ...]:
    """Return the names of what the graph of ``network`` answers, in order.

    A query model for instances answers its ``arrays``, of which it makes detections outside of the graph.
    """
    arrays: tuple[str, ...] | None = getattr(network, "arrays", None)
    return _OUTPUTS[task] if arrays is None else arrays


class SemanticGraph(nn.Module):
    """A semantic network that returns its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits ``(B, K+1, H, W)`` of ``images`` ``(B, 3, H, W)``, RGB in 0..1."""
        return self.network(images)["logits"]


class InstanceGraph(nn.Module):
    """An instance network that takes one image and returns its detections as tensors."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return boxes ``(N, 4)``, labels and scores ``(N,)`` and masks ``(N, 1, M, M)`` of ``image`` ``(3, H, W)``."""
        (found,) = self.network([image])
        return tuple(found[name] for name in _OUTPUTS["instance"])


class QueryGraph(nn.Module):
    """A query model for instances that takes one image and returns its ``arrays``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return scores ``(Q, K)`` and what else the queries say of ``image`` ``(3, H, W)``."""
        found = self.network.query_arrays(image)
        return tuple(found[name] for name in self.network.arrays)


def write_onnx(network: nn.Module, task: Task, example: torch.Tensor, path: Path, *, fixed: bool) -> None:
    """Write ``network``, on the CPU and in evaluation mode, to ``path`` as ONNX, traced with one image.

    ``example`` ``(3, H, W)`` is that image, RGB in 0..1. With ``fixed`` the file takes its size alone, else images of
    any size. The batch of a semantic network may have any length; an instance network takes one image.

    Raises ``RuntimeError`` or ``ValueError`` of torch for an operation that ONNX lacks.
    """
    queries = hasattr(network, "arrays")
    graph = SemanticGraph(network) if task == "semantic" else (QueryGraph if queries else InstanceGraph)(network)
    axes = _FREE_AXES_OF_QUERIES if queries else _FREE_AXES[task]
    if fixed:
        axes = {name: {0: free[0]} for name, free in axes.items() if 0 in free}
    # Two images, as a batch of one would be taken for a dimension that is always 1.
    seen = torch.stack([example, example]) if task == "semantic" else example
    fixed_to = getattr(network, "fixed_to", None)
    fixing = fixed_to((example.shape[1], example.shape[2])) if fixed and fixed_to is not None else nullcontext()
    with (
        warnings.catch_warnings(),
        torch.inference_mode(False),
        torch.no_grad(),
        fixing,
        _suppression_without_branches(),
        _tensors_of_traced_sizes(),
    ):
        warnings.simplefilter("ignore")  # each branch that tracing decides; the certificate shows a wrong one
        torch.onnx.export(
            graph.eval(),
            (seen.clone(),),
            str(path),
            input_names=[INPUTS[task]],
            output_names=list(output_names(network, task)),
            dynamic_axes={name: dict(free) for name, free in axes.items()},
            opset_version=_OPSET,
            dynamo=False,  # torch's other exporter cannot trace torchvision's detectors
        )


@contextmanager
def _tensors_of_traced_sizes() -> Iterator[None]:
    """Let ``torch.tensor`` of sizes be traced as sizes; it makes them constants, wrong for images of another size.

    Deformable attention divides by such a tensor.
    """
    make = torch.tensor
    torch.tensor = partial(_tensor, make)
    try:
        yield
    finally:
        torch.tensor = make


def _tensor(make: Callable[..., torch.Tensor], data: Any, **options: Any) -> torch.Tensor:
    return _stacked(data).to(**options) if _has_tensors(data) else make(data, **options)


def _has_tensors(data: Any) -> bool:
    return any(map(_has_tensors, data)) if isinstance(data, list | tuple) else isinstance(data, torch.Tensor)


def _stacked(data: Any) -> torch.Tensor:
    return torch.stack([*map(_stacked, data)]) if isinstance(data, list | tuple) else torch.as_tensor(data)


@contextmanager
def _suppression_without_branches() -> Iterator[None]:
    """Let torchvision's ``batched_nms`` be traced without its branch for no boxes.

    Where that branch is taken, OpenVINO 2026.4 returns one row of memory that nothing wrote, and so an object that
    is not there.
    """
    name = "_batched_nms_coordinate_trick"
    branching = getattr(boxes, name)
    setattr(boxes, name, _suppressed)
    try:
        yield
    finally:
        setattr(boxes, name, branching)


def _suppressed(
    corners: torch.Tensor, scores: torch.Tensor, classes: torch.Tensor, iou_threshold: float
) -> torch.Tensor:
    """Return the rows that are kept of boxes ``(N, 4)``, by class: each class is moved to a place of its own."""
    farthest = torch.cat([corners.flatten(), corners.new_zeros(1)]).max()
    offsets = classes.to(corners) * (farthest + 1)
    return nms(corners + offsets[:, None], scores, iou_threshold)


def move_with_metadata(source: Path, path: Path, metadata: Mapping[str, str]) -> None:
    """Give the ONNX file ``source`` the name ``path`` and the texts ``metadata``, which it then carries."""
    model = onnx.load(str(source))
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.save(model, str(path))
    source.unlink()
