"""Bootstrap intervals of semantic scores over images, from the pixel counts of each image.

A resample adds up the counts of its images, as the scores themselves do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import (
    Resampling,
    Weights,
    bootstrap_estimate,
    defined_mean,
    ratio,
    score_intervals,
    with_original_sample,
)
from maskwright.evaluation.semantic.scores import Confusion

# The pixel counts of the C classes of one image (5, C): hits, truth, prediction, and of the boundaries the intersection
# and the union.
ClassCounts = npt.NDArray[np.int64]
# The sums of such counts on B samples of the images (5, B, C).
ClassSums = npt.NDArray[np.float64]


def class_pixels(confusion: Confusion, boundaries: npt.NDArray[np.int64]) -> ClassCounts:
    """Return the counts of each of C classes in an image's confusion matrix and its boundary counts ``(C, 2)``.

    An extra last row and column of the matrix, predictions of none of the classes, is no class.
    """
    n = len(boundaries)
    rows = confusion[:n]
    return np.stack([np.diag(rows), rows.sum(axis=1), rows.sum(axis=0)[:n], *boundaries.T])


def sums_of_samples(counts: npt.NDArray[np.int64], weights: Weights | npt.NDArray[np.bool_]) -> ClassSums:
    """Return the sums of the ``counts`` ``(N, 5, C)`` of N images with ``weights`` ``(B, N)``."""
    # Sums of pixels are exact in float64, whose products are much faster than those of integers.
    return np.tensordot(weights.astype(np.float64), counts.astype(np.float64), 1).swapaxes(0, 1)


def weighted_scores(sums: ClassSums) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.float64]]]:
    """Return the overall scores ``(B,)`` and those of the classes ``(B, C)`` of the ``sums`` of samples.

    They are ``mIoU mean_dice pixel_accuracy boundary_mIoU``, and ``IoU Dice boundary_IoU``. Without any pixel on a
    boundary, as where boundaries were not counted, theirs are missing.
    """
    hits, truth, predicted, both, union = sums
    columns = {"IoU": ratio(hits, truth + predicted - hits), "Dice": ratio(2 * hits, truth + predicted)}
    means = {"mIoU": "IoU", "mean_dice": "Dice"}
    if union.any():
        columns["boundary_IoU"], means["boundary_mIoU"] = ratio(both, union), "boundary_IoU"
    overall = {name: defined_mean(columns[key], axis=1) for name, key in means.items()}
    return {**overall, "pixel_accuracy": ratio(hits.sum(axis=1), truth.sum(axis=1))}, columns


def semantic_intervals(images: Sequence[ClassCounts], names: Sequence[str], resampling: Resampling) -> dict[str, Any]:
    """Return the intervals of the scores of ``images`` in the classes ``names``, in the order of the counts.

    Returns ``{"level", "samples", "seed", "images", "mIoU": {"value", "low", "high"}, "mean_dice", "pixel_accuracy",
    "classes": {name: {"IoU", "Dice"}}}``, with ``boundary_mIoU`` and ``boundary_IoU`` where boundaries were counted.
    """
    counts = np.stack(images) if images else np.zeros((0, 5, len(names)), np.int64)
    weights = with_original_sample(resampling.weights(len(counts)))
    overall, columns = weighted_scores(sums_of_samples(counts, weights))
    found = score_intervals({key: bootstrap_estimate(values) for key, values in overall.items()}, resampling.level)
    classes = {}
    for c, name in enumerate(names):
        estimates = {key: bootstrap_estimate(values[:, c]) for key, values in columns.items()}
        classes[name] = score_intervals(estimates, resampling.level)
    return {**resampling.to_json(len(counts)), **found, "classes": classes}
