"""The box head of Detectron2: a class and a refined box of every proposal; background is the last class."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import batched_nms

from maskwright.models.detectron2.boxes import DETECTION_CODER, clip, decode
from maskwright.models.full_precision import to_float32

POOLED_SIDE = 7


class BoxHead(nn.Module):
    """Two fully connected layers."""

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels * POOLED_SIDE**2, features)
        self.fc2 = nn.Linear(features, features)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """``(N, C, 7, 7)`` to ``(N, features)``."""
        return functional.relu(self.fc2(functional.relu(self.fc1(pooled.flatten(1)))))


class BoxPredictor(nn.Module):
    """Class logits, background last, and four deltas of every class but background."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(features, classes + 1)
        self.bbox_pred = nn.Linear(features, 4 * classes)
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        for layer in (self.cls_score, self.bbox_pred):
            nn.init.zeros_(layer.bias)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``(N, features)`` to logits ``(N, K + 1)`` and deltas ``(N, 4 · K)``."""
        return to_float32(self.cls_score(features)), to_float32(self.bbox_pred(features))


@dataclass(frozen=True)
class BoxDetections:
    """Detections of one image: boxes ``(N, 4)`` in pixels of the resized image, scores and classes 0..K-1 ``(N,)``."""

    boxes: torch.Tensor
    scores: torch.Tensor
    classes: torch.Tensor

    def __getitem__(self, which: torch.Tensor | slice) -> "BoxDetections":
        return BoxDetections(self.boxes[which], self.scores[which], self.classes[which])


@dataclass(frozen=True)
class DetectionFilter:
    """Which detections are kept: scores above ``score``, overlaps up to ``overlap`` in a class, the ``most`` best."""

    score_threshold: float = 0.05
    nms_threshold: float = 0.5
    max_detections: int = 100


def filter_detections(
    logits: torch.Tensor, deltas: torch.Tensor, proposals: torch.Tensor, size: tuple[int, int], keep: DetectionFilter
) -> BoxDetections:
    """The detections among ``proposals`` ``(N, 4)`` on a resized image of ``size``, best first.

    ``logits`` ``(N, K + 1)`` with background last, ``deltas`` ``(N, 4 · K)``. A proposal may be several classes.
    """
    boxes = decode(DETECTION_CODER, deltas, proposals)
    scores = logits.softmax(dim=1)
    finite = boxes.isfinite().flatten(1).all(dim=1) & scores.isfinite().all(dim=1)
    boxes, scores = clip(boxes[finite], size), scores[finite, :-1]
    which = (scores > keep.score_threshold).nonzero()
    found = BoxDetections(boxes[which[:, 0], which[:, 1]], scores[which[:, 0], which[:, 1]], which[:, 1])
    return found[
        batched_nms(found.boxes.float(), found.scores, found.classes, keep.nms_threshold)[: keep.max_detections]
    ]
