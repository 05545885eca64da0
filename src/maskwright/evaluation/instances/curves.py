"""Precision and recall of detections: at one threshold, at all thresholds, and the threshold of highest F1."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.matches import Matches


def precision_recall(right: int, wrong: int, missed: int) -> dict[str, float | int | None]:
    """Return ``{"precision", "recall", "F1", "right", "wrong", "missed"}`` from the three counts.

    precision = right / (right + wrong), recall = right / (right + missed), F1 = 2 right / (2 right + wrong + missed). A
    score is None when its denominator is 0.
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
    """Return :func:`precision_recall` of the detections of at least ``score``."""
    kept = matches.above(score)
    right = int(kept.right.sum())
    return precision_recall(right, len(kept.right) - right, len(kept.found_at) - right)


def best_threshold(matches: Matches) -> dict[str, float | None]:
    """Return the score threshold of highest F1 as ``{"score", "F1", "precision", "recall"}``.

    Detections of at least this score are kept. Of several such thresholds it is the highest. All values are None
    without an object or without a detection.
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
    """Return ``{"score", "precision", "recall"}``, each ``(S,)``: one point for each distinct score, highest first.

    A point is computed from the detections of at least its score. Ties are therefore one point, and the curve does not
    depend on their order. Recall is NaN without an object.
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
    """Return the curve of each class that has an object, as lists by class name; ``names`` are by category id."""
    curves: dict[str, dict[str, list[float]]] = {}
    for category, mine in matches.of_classes(names):
        if len(mine.found_at):
            curves[names[category]] = {key: values.tolist() for key, values in pr_curve(mine).items()}
    return curves


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def per_class(matches: Matches, names: Mapping[int, str], score: float) -> dict[str, dict[str, Any]]:
    """Return :func:`at_threshold` for ``score`` by class name, with :func:`best_threshold` as ``best``."""
    return {
        names[category]: at_threshold(mine, score) | {"best": best_threshold(mine)}
        for category, mine in matches.of_classes(names)
    }
