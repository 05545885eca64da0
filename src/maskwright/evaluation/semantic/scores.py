"""Semantic scores from one confusion matrix over the whole data set.

Not averaged per image: a class that fills one image and is missed in another would otherwise count by image, not by
pixel. Cityscapes, PASCAL VOC and Detectron2 use the same measure.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco.semantic import SemanticEval

from maskwright.structures import LabelMap

PROTOCOL = (
    "dataset confusion matrix over all pixels at original image size, ignored pixels left out; "
    "means are over the classes that occur in truth or prediction, background among them; comparable with published "
    "numbers of one confusion matrix, as in Cityscapes, not with means over images"
)

Confusion = npt.NDArray[np.int64]


def confusion(truth: LabelMap, prediction: LabelMap, classes: int, ignore_index: int) -> Confusion:
    """Count the pixels by class ``(classes, classes)`` int64: rows are truth, columns prediction.

    ``truth`` and ``prediction`` are ``(H, W)``; ``classes`` includes background. Pixels whose truth is ``ignore_index``
    do not count. Raises ``ValueError`` for a label outside the classes and for maps of different shapes.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth is {truth.shape}, prediction {prediction.shape}; expected one shape (H, W).")
    evaluation = SemanticEval(classes, ignore_index=ignore_index)
    evaluation.update(truth, prediction)
    return np.asarray(evaluation.confusion(), np.int64)


def baseline(counts: Confusion) -> Confusion:
    """Return the confusion matrix of a model that predicts background for every pixel."""
    everything_background = np.zeros_like(counts)
    everything_background[:, 0] = counts.sum(axis=1)
    return everything_background


def semantic_scores(counts: Confusion, names: Sequence[str]) -> dict[str, Any]:
    """Compute the semantic scores of a confusion matrix whose row i is the class ``names[i]``.

    An extra last column counts pixels predicted as none of the classes: they are misses.

    Returns ``{"mIoU", "mean_dice", "mean_accuracy", "mean_precision", "pixel_accuracy", "classes": {name: {"IoU",
    "Dice", "accuracy", "precision", "recall"}}}``. IoU = TP / (TP + FP + FN), Dice = 2 TP / (2 TP + FP + FN), precision
    = TP / (TP + FP), recall = accuracy = TP / (TP + FN). A score is None when its denominator is 0, and is then in no
    mean.
    """
    hits = np.diag(counts).astype(np.float64)
    truth, predicted = counts.sum(axis=1), counts.sum(axis=0)[: len(counts)]
    columns = {
        "IoU": _ratio(hits, truth + predicted - hits),
        "Dice": _ratio(2 * hits, truth + predicted),
        "accuracy": _ratio(hits, truth),
        "precision": _ratio(hits, predicted),
        "recall": _ratio(hits, truth),
    }
    total = int(counts.sum())
    return {
        "mIoU": _mean(columns["IoU"]),
        "mean_dice": _mean(columns["Dice"]),
        "mean_accuracy": _mean(columns["accuracy"]),
        "mean_precision": _mean(columns["precision"]),
        "pixel_accuracy": float(hits.sum() / total) if total else None,
        "classes": {name: {key: values[i] for key, values in columns.items()} for i, name in enumerate(names)},
    }


def _ratio(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[Any]) -> list[float | None]:
    return [float(n / d) if d else None for n, d in zip(numerator, denominator, strict=True)]


def _mean(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None
