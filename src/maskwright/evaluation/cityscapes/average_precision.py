"""Cityscapes AP of instances by the official rules, computed from the matches of each image.

AP is the area under the raw precision-recall curve at every distinct confidence, by the step rule of the evaluation
script published with the data set (``evalInstanceLevelSemanticLabeling``). Classes without an object are excluded from
the averages. A class with objects but no prediction has 0.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.evaluation.cityscapes.matching import OVERLAPS, CityscapesMatches, Counts

PROTOCOL = (
    "Cityscapes instance evaluation: AP over IoU above 0.50:0.05:0.95, objects of at least 100 pixels, void and "
    "regions of several objects ignored; averages are over the classes that have objects; comparable with published "
    "numbers of the official script"
)


def instance_scores(images: Iterable[CityscapesMatches]) -> dict[str, Any]:
    """Return ``{"AP", "AP50", "classes": {name: {"AP", "AP50", "objects", "predictions"}}, "protocol"}`` of a data set.

    A score is None for a class without an object, which is then excluded from the averages.
    """
    matches = list(images)
    ap, objects, predictions = average_precision(matches)
    classes = {
        label.name: {
            "AP": _mean(ap[c : c + 1]),
            "AP50": _mean(ap[c : c + 1, :1]),
            "objects": int(objects[c]),
            "predictions": int(predictions[c]),
        }
        for c, label in enumerate(INSTANCE_LABELS)
    }
    return {"AP": _mean(ap), "AP50": _mean(ap[:, :1]), "classes": classes, "protocol": PROTOCOL}


def average_precision(images: Sequence[CityscapesMatches]) -> tuple[npt.NDArray[np.float64], Counts, Counts]:
    """Return AP ``(C, T)`` by class and IoU threshold, the objects ``(C,)`` and the predictions ``(C,)`` of each class.

    AP is NaN for a class without an object. Classes are in the order of ``INSTANCE_LABELS``.
    """
    shape = (len(INSTANCE_LABELS), len(OVERLAPS))
    ap = np.full(shape, np.nan)
    if not images:
        return ap, np.zeros(shape[0], np.int64), np.zeros(shape[0], np.int64)
    classes = np.concatenate([image.classes for image in images])
    confidence = np.concatenate([image.confidence for image in images])
    right = np.concatenate([image.right for image in images], axis=1)
    wrong = np.concatenate([image.wrong for image in images], axis=1)
    objects = np.sum([image.objects for image in images], axis=0)
    missed = np.sum([image.missed for image in images], axis=0)
    for c in np.flatnonzero(objects):
        mine = classes == c
        for t in range(shape[1]):
            kept = mine & (right[t] | wrong[t])
            ap[c, t] = _area_under_curve(confidence[kept], right[t][kept], int(missed[t, c]))
    return ap, objects, np.bincount(classes, minlength=shape[0])


def _area_under_curve(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], missed: int) -> float:
    """Return the official step-wise integral; 0 when every prediction is ignored, where the script itself fails."""
    if not confidence.size:
        return 0.0
    order = np.argsort(confidence, kind="stable")
    starts = np.unique(confidence[order], return_index=True)[1]
    right_before = np.concatenate([[0], np.cumsum(right[order])])[starts]
    true_positives = right.sum() - right_before
    precision = true_positives / (confidence.size - starts)
    recall = true_positives / (right.sum() + missed)
    precision, recall = np.append(precision, 1.0), np.append(recall, 0.0)
    padded = np.concatenate([recall[:1], recall, [0.0]])
    return float(precision @ ((padded[:-2] - padded[2:]) / 2))


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else None
