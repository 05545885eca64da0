"""Precision and recall of detections: at a threshold, over all thresholds, and the threshold that serves best."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.matches import Matches


def precision_recall(right: int, wrong: int, missed: int) -> dict[str, float | int | None]:
    """``{"precision", "recall", "F1", "right", "wrong", "missed"}``; None where nothing was found or nothing is there.

    precision = right / (right + wrong), recall = right / (right + missed), F1 = 2 right / (2 right + wrong + missed).
    """
    return {
        "precision": _ratio(right, right + wrong),
        "recall": _ratio(right, right + missed),
        "F1": _ratio(2 * right, 2 * right + wrong + missed),
        "right": right,
        "wrong": wrong,
        "missed": missed,
    }


def at_threshold(matches: Matches, score: float) -> dict[str, float | int | None]:
    """:func:`precision_recall` of the detections of at least ``score``."""
    kept = matches.above(score)
    right = int(kept.right.sum())
    return precision_recall(right, len(kept.right) - right, len(kept.found_at) - right)


def best_threshold(matches: Matches) -> dict[str, float | None]:
    """The score from which on keeping detections gives the highest F1; of several such scores the highest.

    ``{"score", "F1", "precision", "recall"}``, None throughout without an object or a detection.
    """
    curve = pr_curve(matches)
    if not len(curve["score"]) or not len(matches.found_at):
        return dict.fromkeys(("score", "F1", "precision", "recall"))
    precision, recall = curve["precision"], curve["recall"]
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    best = int(f1.argmax())
    return {
        "score": float(curve["score"][best]),
        "F1": float(f1[best]),
        "precision": float(precision[best]),
        "recall": float(recall[best]),
    }


def pr_curve(matches: Matches) -> dict[str, npt.NDArray[np.float64]]:
    """``{"score", "precision", "recall"}``, one point for each distinct score from the highest down.

    The point of a score is what the detections of at least that score reach, so that ties are one point and the curve
    does not depend on their order. Recall is NaN without an object.
    """
    hits = np.cumsum(matches.right)
    ends = np.flatnonzero(np.append(np.diff(matches.score) != 0, True)) if hits.size else np.zeros(0, np.intp)
    objects = len(matches.found_at)
    return {
        "score": matches.score[ends],
        "precision": hits[ends] / (ends + 1),
        "recall": hits[ends] / objects if objects else np.full(len(ends), np.nan),
    }


def class_curves(matches: Matches, names: Mapping[int, str]) -> dict[str, dict[str, list[float]]]:
    """The curve of each class that has an object, as lists."""
    curves: dict[str, dict[str, list[float]]] = {}
    for category, name in names.items():
        mine = matches.of_class(category)
        if len(mine.found_at):
            curves[name] = {key: values.tolist() for key, values in pr_curve(mine).items()}
    return curves


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def per_class(matches: Matches, names: Mapping[int, str], score: float) -> dict[str, dict[str, Any]]:
    """For each class :func:`at_threshold` for ``score``, and ``best``: :func:`best_threshold`."""
    return {
        name: at_threshold(mine, score) | {"best": best_threshold(mine)}
        for name, mine in ((name, matches.of_class(category)) for category, name in names.items())
    }
