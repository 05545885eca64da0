"""Boundary IoU: the IoU of the pixels near the edges of two masks, which a large interior cannot raise.

Source: B. Cheng, R. Girshick, P. Dollár, A. C. Berg, A. Kirillov, "Boundary IoU: Improving Object-Centric Image
Segmentation Evaluation", CVPR 2021: |(G_d ∩ G) ∩ (P_d ∩ P)| / |(G_d ∩ G) ∪ (P_d ∩ P)|, where X_d are the pixels within
d of the edge of X and d is 2 % of the image's diagonal. The border of the image is an edge of a mask that touches it.
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
    """Return d in pixels, ``ratio`` times the diagonal of an image of ``size`` ``(H, W)``, rounded and at least 1."""
    return max(1, round(ratio * math.hypot(*size)))


def boundary(mask: Mask, width: int) -> Mask:
    """Return the pixels of ``mask`` ``(H, W)`` bool that lie within ``width`` pixels of its edge.

    Distance is counted along rows, columns and diagonals (the Chebyshev distance).
    """
    if not mask.size:
        return mask
    inside = np.pad(mask.astype(np.uint8), 1)
    return mask & (cv2.erode(inside, _SQUARE, iterations=width)[1:-1, 1:-1] == 0)


def boundary_iou(truth: CroppedMask, prediction: CroppedMask, width: int) -> float:
    """Return the boundary IoU of two masks on one image, with boundaries of ``width`` pixels; 0 when both are empty."""
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
    """Count the boundary pixels of each class in two label maps ``(H, W)``.

    Returns intersection and union ``(classes, 2)`` int64. Sums of these counts over images give the boundary IoU of a
    data set, as the confusion matrix gives its IoU. Pixels whose truth is ``ignore_index`` are removed from both maps
    first, so that an edge along them is an edge of both. ``ratio`` times the image's diagonal is the width of a
    boundary.
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
    """Return the boundary IoU of each class of :func:`boundary_counts`; None where a class has no boundary at all."""
    return [int(both) / int(union) if union else None for both, union in counts]


def with_boundary_scores(
    scores: Mapping[str, Any], counts: npt.NDArray[np.int64], names: Sequence[str]
) -> dict[str, Any]:
    """Return the semantic ``scores`` with ``boundary_IoU`` added to each class, and their mean as ``boundary_mIoU``.

    ``counts`` are the sum of :func:`boundary_counts` over the images, a row for each of the class ``names``. The mean
    is over the classes that have a boundary.
    """
    values = boundary_scores(counts)
    present = [value for value in values if value is not None]
    classes = {
        name: {**scores["classes"][name], "boundary_IoU": value} for name, value in zip(names, values, strict=True)
    }
    return {**scores, "boundary_mIoU": float(np.mean(present)) if present else None, "classes": classes}


def _shared(truth: CroppedMask, true: Mask, prediction: CroppedMask, predicted: Mask) -> int:
    """Return the number of pixels that two boundaries inside their boxes share."""
    top, left = max(truth.top, prediction.top), max(truth.left, prediction.left)
    bottom = min(truth.top + true.shape[0], prediction.top + predicted.shape[0])
    right = min(truth.left + true.shape[1], prediction.left + predicted.shape[1])
    if bottom <= top or right <= left:
        return 0
    one = true[top - truth.top : bottom - truth.top, left - truth.left : right - truth.left]
    other = predicted[top - prediction.top : bottom - prediction.top, left - prediction.left : right - prediction.left]
    return int((one & other).sum())
