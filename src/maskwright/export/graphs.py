"""Networks as graphs of ONNX, traced by torch: tensors in, tensors out."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import nn
from torchvision.ops import boxes, nms

from maskwright.structures import Task

# RoIAlign without torchvision's shift is of 16, and OpenVINO reads 17.
_OPSET = 17

INPUTS: dict[Task, str] = {"semantic": "images", "instance": "image"}
OUTPUTS: dict[Task, tuple[str, ...]] = {"semantic": ("logits",), "instance": ("boxes", "labels", "scores", "masks")}

_FREE_AXES: dict[Task, dict[str, dict[int, str]]] = {
    "semantic": {"images": {0: "B", 2: "H", 3: "W"}, "logits": {0: "B", 2: "H", 3: "W"}},
    "instance": {"image": {1: "H", 2: "W"}, **{name: {0: "N"} for name in OUTPUTS["instance"]}},
}


class SemanticGraph(nn.Module):
    """A semantic network that returns its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits ``(B, K+1, H, W)`` of ``images`` ``(B, 3, H, W)``, RGB in 0..1."""
        return self.network(images)["logits"]


class InstanceGraph(nn.Module):
    """An instance network that takes one image and returns its detections as tensors, in the order of ``OUTPUTS``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return boxes ``(N, 4)``, labels and scores ``(N,)`` and masks ``(N, 1, M, M)`` of ``image`` ``(3, H, W)``."""
        (found,) = self.network([image])
        return tuple(found[name] for name in OUTPUTS["instance"])


def write_onnx(network: nn.Module, task: Task, example: torch.Tensor, path: Path, *, fixed: bool) -> None:
    """Write ``network``, on the CPU and in evaluation mode, to ``path`` as ONNX, traced with one image.

    ``example`` ``(3, H, W)`` is that image, RGB in 0..1. With ``fixed`` the file takes its size alone, else images of
    any size. The batch of a semantic network may have any length; an instance network takes one image.

    Raises ``RuntimeError`` or ``ValueError`` of torch for an operation that ONNX lacks.
    """
    graph = SemanticGraph(network) if task == "semantic" else InstanceGraph(network)
    axes = _FREE_AXES[task]
    if fixed:
        axes = {name: {0: free[0]} for name, free in axes.items() if 0 in free}
    # Two images, as a batch of one would be taken for a dimension that is always 1.
    seen = torch.stack([example, example]) if task == "semantic" else example
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad(), _suppression_without_branches():
        warnings.simplefilter("ignore")  # each branch that tracing decides; the certificate shows a wrong one
        torch.onnx.export(
            graph.eval(),
            (seen.clone(),),
            str(path),
            input_names=[INPUTS[task]],
            output_names=list(OUTPUTS[task]),
            dynamic_axes={name: dict(free) for name, free in axes.items()},
            opset_version=_OPSET,
            dynamo=False,  # torch's other exporter cannot trace torchvision's detectors
        )


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
