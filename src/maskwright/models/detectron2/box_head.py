"""The box head of Detectron2: classes and refined boxes of proposals, with background as the last class.

Boxes and classes by region: Ren et al. 2015 (arXiv:1506.01497).
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import batched_nms

from maskwright.models.detectron2.boxes import DETECTION_CODER, clip, decode
from maskwright.models.full_precision import to_float32

POOLED_SIDE = 7


class BoxHead(nn.Module):
    """A box head of two fully connected layers with ReLU."""

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels * POOLED_SIDE**2, features)
        self.fc2 = nn.Linear(features, features)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return ``(N, features)`` from ``pooled`` features ``(N, C, 7, 7)``."""
        return functional.relu(self.fc2(functional.relu(self.fc1(pooled.flatten(1)))))


class BoxPredictor(nn.Module):
    """A predictor of class logits, background last, and of four deltas for every class but background."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(features, classes + 1)
        self.bbox_pred = nn.Linear(features, 4 * classes)
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        for layer in (self.cls_score, self.bbox_pred):
            nn.init.zeros_(layer.bias)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits ``(N, K+1)`` and deltas ``(N, 4 K)``, float32 at least, from ``(N, features)``."""
        return to_float32(self.cls_score(features)), to_float32(self.bbox_pred(features))


@dataclass(frozen=True)
class BoxDetections:
    """The detections of one image without masks.

    ``boxes`` is ``(N, 4)`` in pixels of the resized image; ``scores`` ``(N,)``; ``classes`` ``(N,)`` int64 0..K-1.
    """

    boxes: torch.Tensor
    scores: torch.Tensor
    classes: torch.Tensor

    def __getitem__(self, which: torch.Tensor | slice) -> "BoxDetections":
        return BoxDetections(self.boxes[which], self.scores[which], self.classes[which])


@dataclass(frozen=True)
class DetectionFilter:
    """The limits on detections of an image.

    Scores are above ``score_threshold``. Of two detections of a class with an IoU above ``nms_threshold``, the one with
    the lower score is dropped. The ``max_detections`` best are kept.
    """

    score_threshold: float = 0.05
    nms_threshold: float = 0.5
    max_detections: int = 100


def filter_detections(
    logits: torch.Tensor, deltas: torch.Tensor, proposals: torch.Tensor, size: tuple[int, int], keep: DetectionFilter
) -> BoxDetections:
    """Return the detections among ``proposals`` ``(N, 4)`` on a resized image of ``size`` ``(H, W)``, best first.

    ``logits`` is ``(N, K+1)`` with background last, ``deltas`` ``(N, 4 K)``. A proposal may become detections of
    several classes. Proposals with NaN or infinity in their boxes or scores are dropped.
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
