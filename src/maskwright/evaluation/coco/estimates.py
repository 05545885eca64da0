"""COCO scores with bootstrap intervals over images, from the matches of one evaluation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.evaluation.bootstrap import (
    BootstrapEstimate,
    Resampling,
    Weights,
    bootstrap_estimate,
    score_intervals,
    with_original_sample,
)
from maskwright.evaluation.coco.weighted import MatchRecords

_UNDEFINED: dict[str, BootstrapEstimate] = dict.fromkeys(("AP", "AP50"), BootstrapEstimate(None, np.zeros(0)))


@dataclass(frozen=True)
class CocoEstimates:
    """The estimates of one IoU type: ``overall`` ``AP AP50 AP75 APs APm APl``, and ``classes`` by category id.

    Each class has ``AP`` and ``AP50``.
    """

    overall: dict[str, BootstrapEstimate]
    classes: dict[int, dict[str, BootstrapEstimate]]


def average_precision_estimates(records: MatchRecords, draws: Weights) -> CocoEstimates:
    """Compute the scores of the matched images with their values on the bootstrap samples ``draws`` ``(B, N)``."""
    scores = records.scores(with_original_sample(draws))
    overall = {name: bootstrap_estimate(values) for name, values in scores.overall.items()}
    classes = {
        category: {"AP": bootstrap_estimate(ap), "AP50": bootstrap_estimate(ap50)}
        for category, ap, ap50 in zip(records.categories, scores.ap, scores.ap50, strict=True)
    }
    return CocoEstimates(overall, classes)


def coco_intervals(
    records: Iterable[tuple[str, MatchRecords]], images: int, names: Mapping[int, str], resampling: Resampling
) -> dict[str, Any]:
    """Compute the intervals of the scores of ``records``, pairs of IoU type and the matches of so many ``images``.

    ``names`` are those of the classes by category id; one that ``records`` lack has no values and no bounds. All IoU
    types share the samples.

    Returns ``{"level", "samples", "seed", "images", "bbox": {"AP": {"value", "low", "high"}, …}, "segm": {same},
    "classes": {name: {"bbox", "bbox50", "segm", "segm50"}}}``.
    """
    draws = resampling.weights(images)
    found: dict[str, Any] = resampling.to_json(images)
    classes: dict[str, dict[str, Any]] = {name: {} for name in names.values()}
    for kind, matches in records:
        estimates = average_precision_estimates(matches, draws)
        found[kind] = score_intervals(estimates.overall, resampling.level)
        for category, name in names.items():
            row = estimates.classes.get(category, _UNDEFINED)
            by_class = score_intervals(row, resampling.level)
            classes[name] |= {kind: by_class["AP"], f"{kind}50": by_class["AP50"]}
    return {**found, "classes": classes}
