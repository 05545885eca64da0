"""The numbers of a comparison, as ``compare.json`` and ``--json`` hold them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.paired import (
    ComparedScores,
    Difference,
    Measure,
    Values,
    images_needed,
    model_estimates,
    paired_differences,
)
from maskwright.comparisons.verdict import is_shown, verdict
from maskwright.evaluation.bootstrap import BootstrapEstimate, Resampling, require_sampled_images


def comparison_numbers(scores: ComparedScores, entrants: Sequence[Entrant], resampling: Resampling) -> dict[str, Any]:
    """Return the scores of each model, all differences of each pair with intervals and p values, and the verdicts.

    Differences are the later model minus the earlier one. ``verdict`` is one sentence a pair.

    Raises ``DataError`` for more images in all samples than the limit ``resampled-images``.
    """
    require_sampled_images(scores.images, resampling.samples)
    weights = resampling.weights(scores.images)
    estimates = [model_estimates(scores, model, weights, resampling) for model in range(len(entrants))]
    differences = paired_differences(scores, estimates, resampling)
    names, level = [each.name for each in entrants], resampling.level
    headlines = [each for each in differences if each.measure == scores.headline]
    pairs = [
        {
            "of": names[each.of],
            "less": names[each.less],
            "verdict": verdict(each, names, scores.images, level),
            "shown": is_shown(each, level),
            "images_needed": images_needed(each.estimate, scores.images, level),
        }
        for each in headlines
    ]
    return {
        **resampling.to_json(scores.images),
        "headline": scores.headline.name,
        "models": [
            {
                "name": entrant.name,
                "paths": [str(path) for path in entrant.paths],
                "trainings": len(entrant.paths),
                "scores": [_row(measure, estimate, level) for measure, estimate in found.items()],
            }
            for entrant, found in zip(entrants, estimates, strict=True)
        ],
        "differences": [_difference(each, names, level) for each in differences],
        "pairs": pairs,
        "verdict": " ".join(str(each["verdict"]) for each in pairs),
    }


def changed_images(
    values: Sequence[Values], files: Sequence[str], names: Sequence[str], most: int
) -> list[dict[str, Any]]:
    """Return up to ``most`` images whose ``values`` ``(N,)`` differ most between the models, largest change first.

    ``files`` are the names of the images, ``names`` those of the models. Images without a change are not among them.
    """
    table = np.stack(values)
    change = table.max(axis=0) - table.min(axis=0)
    order = np.argsort(-change, kind="stable")[:most]
    return [
        {
            "file_name": files[i],
            "position": int(i),
            "change": float(change[i]),
            "scores": {name: float(row[i]) for name, row in zip(names, table, strict=True)},
        }
        for i in order
        if change[i] > 0
    ]


def _row(measure: Measure, estimate: BootstrapEstimate, level: float) -> dict[str, Any]:
    return {"measure": measure.name, "class": measure.class_name, **estimate.interval(level)}


def _difference(each: Difference, names: Sequence[str], level: float) -> dict[str, Any]:
    row = _row(each.measure, each.estimate, level)
    return {**row, "p": each.p, "p_holm": each.p_holm, "of": names[each.of], "less": names[each.less]}
