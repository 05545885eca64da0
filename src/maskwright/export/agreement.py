"""The agreement of two models on one image: how far their outputs and results are apart.

Every measure is a share from 0 (alike) up, so that one tolerance serves all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.structures import Instances, LabelMap, Rle

_MATCHING_IOU = 0.5


@dataclass(frozen=True)
class Agreement:
    """How far two models are apart on the image ``name``: shares by measure, the ``objects`` or pixels compared.

    ``mask_iou`` is the lowest IoU of two matched masks, or None.
    """

    name: str
    shares: Mapping[str, float]
    compared: int
    mask_iou: float | None = None

    def share(self, measure: str) -> float:
        """Return the share of ``measure``; infinity for one that is no number."""
        share = self.shares[measure]
        return math.inf if math.isnan(share) else share

    @property
    def worst(self) -> float:
        """The largest of the shares."""
        return max(map(self.share, self.shares))


@dataclass(frozen=True)
class Kept:
    """What an instance model returns at all: the ``most`` objects of an image, of scores above ``score``."""

    score: float = 0.05
    most: int = 100


def semantic_agreement(
    name: str,
    logits: npt.NDArray[np.float32],
    other_logits: npt.NDArray[np.float32],
    labels: LabelMap,
    other_labels: LabelMap,
) -> Agreement:
    """Return the agreement of two semantic models on an image.

    ``logits`` ``(K+1, h, w)`` are compared by their largest difference, as a share of the largest logit (of 1 at
    least). ``labels`` ``(H, W)`` are compared by the share of pixels whose class differs.
    """
    scale = max(1.0, float(np.abs(logits).max()))
    shares = {
        "logits": float(np.abs(logits - other_logits).max()) / scale,
        "pixels": float((labels != other_labels).mean()),
    }
    return Agreement(name, shares, int(labels.size))


def instance_agreement(name: str, found: Instances, other: Instances, kept: Kept) -> Agreement:
    """Return the agreement of two instance models on an image.

    Objects of one class are matched, the best scores first, with the object whose mask or box overlaps most, from an
    IoU of 0.5 on. ``scores`` is the largest difference of two scores, ``boxes`` that of a side in pixels, over the long
    side of the image, and ``masks`` the pixels in which two masks differ, over those of the image. ``unmatched`` is the
    highest score of an object without partner, less the score at which the other model would have dropped it: rounding
    moves objects across that limit.
    """
    pairs = _matched(found, other)
    mine, others = [i for i, _ in pairs], [j for _, j in pairs]
    differing, ious = _mask_differences(found[mine], other[others])
    height, width = found.size
    shares = {
        "scores": _largest(np.abs(found.scores[mine] - other.scores[others])),
        "boxes": _largest(np.abs(found.boxes[mine] - other.boxes[others])) / max(height, width),
        "masks": _largest(differing) / (height * width),
        "unmatched": max(
            _unmatched(found.scores, mine, other.scores, kept), _unmatched(other.scores, others, found.scores, kept)
        ),
    }
    return Agreement(name, shares, max(len(found), len(other)), min(ious, default=None))


def _matched(found: Instances, other: Instances) -> list[tuple[int, int]]:
    """Return the rows of the objects that are the same in both, the best scores first."""
    if not len(found) or not len(other):
        return []
    overlap = np.maximum(_ious(found.masks, other.masks), _box_ious(found, other))
    overlap[found.labels[:, None] != other.labels[None, :]] = 0.0
    pairs: list[tuple[int, int]] = []
    for i in np.argsort(-found.scores, kind="stable").tolist():
        j = int(overlap[i].argmax())
        if overlap[i, j] >= _MATCHING_IOU:
            overlap[:, j] = 0.0
            pairs.append((i, j))
    return pairs


def _mask_differences(found: Instances, other: Instances) -> tuple[npt.NDArray[np.float64], list[float]]:
    """Return of each pair of masks in how many pixels they differ, and the IoU of those that have pixels."""
    if not len(found):
        return np.zeros(0), []
    ious = np.diagonal(_ious(found.masks, other.masks))
    both = (found.areas + other.areas).astype(np.float64)
    # From iou = shared / (both - shared).
    differing = both - 2 * both * ious / (1 + ious)
    return differing, [float(iou) for iou, area in zip(ious, both, strict=True) if area]


def _unmatched(
    scores: npt.NDArray[np.float32], matched: list[int], other: npt.NDArray[np.float32], kept: Kept
) -> float:
    """Return the highest of the ``scores`` without partner, less the one at which the ``other`` model drops objects."""
    alone = np.delete(scores, matched)
    limit = float(other.min()) if len(other) >= kept.most else kept.score
    return max(_largest(alone) - limit, 0.0)


def _ious(masks: Sequence[Rle], others: Sequence[Rle]) -> npt.NDArray[np.float64]:
    return np.asarray(
        coco_mask.iou(cast("Any", list(masks)), cast("Any", list(others)), [False] * len(others)), np.float64
    )


def _box_ious(found: Instances, other: Instances) -> npt.NDArray[np.float64]:
    boxes, others = (np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], axis=1) for b in (found.boxes, other.boxes))
    return np.asarray(coco_mask.iou(boxes.tolist(), others.tolist(), [False] * len(others)), np.float64)


def _largest(values: npt.NDArray[np.floating]) -> float:
    return float(values.max()) if values.size else 0.0
