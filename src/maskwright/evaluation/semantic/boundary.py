"""Boundary IoU: the IoU of what lies near the edges of two masks, which large insides cannot flatter.

Source: B. Cheng, R. Girshick, P. Dollár, A. C. Berg, A. Kirillov, "Boundary IoU: Improving Object-Centric Image
Segmentation Evaluation", CVPR 2021: |(G_d ∩ G) ∩ (P_d ∩ P)| / |(G_d ∩ G) ∪ (P_d ∩ P)|, where X_d are the pixels within
d of the edge of X and d is 2 % of the image's diagonal. The border of the image is an edge of what touches it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.masks.cropped import CroppedMask

DILATION_RATIO = 0.02

_SQUARE = np.ones((3, 3), np.uint8)

Mask = npt.NDArray[np.bool_]


def boundary_width(size: tuple[int, int], ratio: float = DILATION_RATIO) -> int:
    """The distance d in pixels, at least 1, for an image of ``size`` ``(H, W)``."""
    return max(1, round(ratio * math.hypot(*size)))


def boundary(mask: Mask, width: int) -> Mask:
    """The pixels of ``mask`` ``(H, W)`` within ``width`` of its edge, counted along rows, columns and diagonals."""
    if not mask.size:
        return mask
    inside = np.pad(mask.astype(np.uint8), 1)
    return mask & (cv2.erode(inside, _SQUARE, iterations=width)[1:-1, 1:-1] == 0)


def boundary_iou(truth: CroppedMask, prediction: CroppedMask, width: int) -> float:
    """The boundary IoU of two masks on one image; 0 where both are empty."""
    # The box of a mask touches its edge, so that the boundary inside the box is that of the whole image.
    true, predicted = boundary(truth.mask, width), boundary(prediction.mask, width)
    both = _shared(truth, true, prediction, predicted)
    union = int(true.sum()) + int(predicted.sum()) - both
    return both / union if union else 0.0


def boundary_counts(
    truth: npt.NDArray[np.integer[Any]],
    prediction: npt.NDArray[np.integer[Any]],
    classes: int,
    ignore_index: int,
    ratio: float = DILATION_RATIO,
) -> npt.NDArray[np.int64]:
    """Pixels ``(classes, 2)`` of the boundaries of each class in two label maps ``(H, W)``: intersection and union.

    Sums over images give the boundary IoU of a data set, as the confusion matrix gives its IoU. Ignored truth is cut
    out of both maps first, so that an edge along it is an edge of both.
    """
    width = boundary_width((truth.shape[0], truth.shape[1]), ratio)
    counted = truth != ignore_index
    counts = np.zeros((classes, 2), np.int64)
    for label in np.union1d(np.unique(truth[counted]), np.unique(prediction[counted])):
        if label >= classes:
            continue
        true = boundary((truth == label) & counted, width)
        predicted = boundary((prediction == label) & counted, width)
        counts[label] = int((true & predicted).sum()), int((true | predicted).sum())
    return counts


def boundary_scores(counts: npt.NDArray[np.int64]) -> list[float | None]:
    """The boundary IoU of each class of :func:`boundary_counts`; None where it has no boundary at all."""
    return [int(both) / int(union) if union else None for both, union in counts]


def with_boundary_scores(
    scores: Mapping[str, Any], counts: npt.NDArray[np.int64], names: Sequence[str]
) -> dict[str, Any]:
    """Semantic ``scores`` with the boundary IoU of each of the classes ``names`` and its mean over those that have one.

    ``counts`` are the sum of :func:`boundary_counts` over the images.
    """
    values = boundary_scores(counts)
    present = [value for value in values if value is not None]
    classes = {
        name: {**scores["classes"][name], "boundary_IoU": value} for name, value in zip(names, values, strict=True)
    }
    return {**scores, "boundary_mIoU": float(np.mean(present)) if present else None, "classes": classes}


def _shared(truth: CroppedMask, true: Mask, prediction: CroppedMask, predicted: Mask) -> int:
    """How many pixels two masks inside their boxes share."""
    top, left = max(truth.top, prediction.top), max(truth.left, prediction.left)
    bottom = min(truth.top + true.shape[0], prediction.top + predicted.shape[0])
    right = min(truth.left + true.shape[1], prediction.left + predicted.shape[1])
    if bottom <= top or right <= left:
        return 0
    one = true[top - truth.top : bottom - truth.top, left - truth.left : right - truth.left]
    other = predicted[top - prediction.top : bottom - prediction.top, left - prediction.left : right - prediction.left]
    return int((one & other).sum())
