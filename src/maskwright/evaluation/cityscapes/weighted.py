"""Cityscapes AP of weighted images, for bootstrap intervals: an image of weight 2 counts as two equal images."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.evaluation.bootstrap import Weights
from maskwright.evaluation.cityscapes.matching import OVERLAPS, CityscapesMatches

_MOST_NUMBERS = 1 << 22


def weighted_precision(images: Sequence[CityscapesMatches], weights: Weights) -> npt.NDArray[np.float64]:
    """Return AP ``(B, C, T)`` by class and IoU threshold of N ``images`` with ``weights`` ``(B, N)``.

    AP is NaN without an object. With weights of 1 it equals
    :func:`maskwright.evaluation.cityscapes.average_precision.average_precision`.
    """
    ap = np.full((len(weights), len(INSTANCE_LABELS), len(OVERLAPS)), np.nan)
    if not images:
        return ap
    classes = np.concatenate([image.classes for image in images])
    confidence = np.concatenate([image.confidence for image in images])
    owner = np.repeat(np.arange(len(images)), [len(image.classes) for image in images])
    right = np.concatenate([image.right for image in images], axis=1)
    wrong = np.concatenate([image.wrong for image in images], axis=1)
    objects = np.array([image.objects for image in images])
    missed = np.array([image.missed for image in images])  # (N, T, C)
    order = np.argsort(confidence, kind="stable")
    for c in np.flatnonzero(objects.sum(axis=0)):
        there = weights @ objects[:, c] > 0
        mine = order[classes[order] == c]
        for t in range(len(OVERLAPS)):
            kept = mine[right[t][mine] | wrong[t][mine]]
            lost = weights @ missed[:, t, c]
            ap[there, c, t] = _area(confidence[kept], right[t][kept], owner[kept], weights[there], lost[there])
    return ap


def _area(
    confidence: npt.NDArray[np.float64],
    right: npt.NDArray[np.bool_],
    owner: npt.NDArray[np.int64],
    weights: Weights,
    missed: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the official step-wise integral ``(B,)``; ``confidence`` is rising.

    A confidence that occurs in no sampled image adds a point of no width beside one that occurs, which adds no area.
    """
    step = max(1, _MOST_NUMBERS // max(1, confidence.size))
    starts = np.unique(confidence, return_index=True)[1]
    areas = np.zeros(len(weights))
    for first in range(0, len(weights), step) if confidence.size else ():
        rows = slice(first, first + step)
        drawn = weights[rows][:, owner]
        hits = drawn * right
        positives = hits.sum(axis=1, keepdims=True)
        true_positives = positives - (np.cumsum(hits, axis=1) - hits)[:, starts]
        found = drawn.sum(axis=1, keepdims=True) - (np.cumsum(drawn, axis=1) - drawn)[:, starts]
        # Precision is 1 without a prediction, as at the end of the curve.
        precision = np.where(found > 0, true_positives / np.maximum(found, 1), 1.0)
        recall = true_positives / np.maximum(positives + missed[rows, None], 1)
        one = np.ones((len(drawn), 1))
        precision, recall = np.hstack([precision, one]), np.hstack([recall, 0 * one])
        padded = np.hstack([recall[:, :1], recall, 0 * one])
        areas[rows] = (precision * (padded[:, :-2] - padded[:, 2:]) / 2).sum(axis=1)
        areas[rows][found[:, 0] == 0] = 0.0
    return areas
