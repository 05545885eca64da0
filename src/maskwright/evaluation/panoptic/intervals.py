"""Bootstrap intervals of panoptic quality over images, from the match counts of each image.

A resample adds up the counts of its images, as the scores themselves do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import (
    Resampling,
    bootstrap_estimate,
    defined_mean,
    ratio,
    score_intervals,
    with_original_sample,
)
from maskwright.evaluation.panoptic.quality import MatchCounts


def panoptic_intervals(
    images: Sequence[Mapping[int, MatchCounts]],
    names: Sequence[str],
    things: Sequence[bool | None],
    resampling: Resampling,
) -> dict[str, Any]:
    """Return the intervals of the scores of ``images``, each the counts by the index of the class, 1 for ``names[0]``.

    Returns ``{"level", "samples", "seed", "images", "PQ": {"value", "low", "high"}, "SQ", "RQ", "things": {same},
    "stuff": {same}, "classes": {name: {same}}}``. ``things`` says of each class whether it is one, None where unknown.
    """
    counts = np.zeros((len(images), len(names), 4))
    for row, image in zip(counts, images, strict=True):
        for index, found in image.items():
            row[index - 1] = found
    weights = with_original_sample(resampling.weights(len(images))).astype(np.float64)
    matched, wrong, missed, iou = np.moveaxis(np.tensordot(weights, counts, 1), 2, 0)
    segments = matched + (wrong + missed) / 2
    # As panopticapi has it: without a match SQ is 0, without a segment there is no score.
    quality = np.where(segments > 0, iou / np.maximum(matched, 1), np.nan)
    columns = {"PQ": ratio(iou, segments), "SQ": quality, "RQ": ratio(matched, segments)}
    parts = {
        "things": np.array([thing is True for thing in things], np.bool_),
        "stuff": np.array([thing is False for thing in things], np.bool_),
    }
    level = resampling.level
    return {
        **resampling.to_json(len(images)),
        **_means(columns, np.ones(len(names), np.bool_), level),
        **{part: _means(columns, which, level) for part, which in parts.items()},
        "classes": {
            name: score_intervals({key: bootstrap_estimate(each[:, k]) for key, each in columns.items()}, level)
            for k, name in enumerate(names)
        },
    }


def _means(
    columns: Mapping[str, npt.NDArray[np.float64]], which: npt.NDArray[np.bool_], level: float
) -> dict[str, dict[str, float | None]]:
    """Return the intervals of the means over the classes ``which`` ``(K,)`` of scores ``(1 + B, K)``."""
    means = {key: bootstrap_estimate(defined_mean(each[:, which], axis=1)) for key, each in columns.items()}
    return score_intervals(means, level)
