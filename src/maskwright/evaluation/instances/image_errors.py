"""The TIDE errors of the detections of one image; later steps need no mask.

The rules are those of the authors' tool tidecv 1.0.1, also for crowds and ties. Source: D. Bolya, S. Foley, J. Hays, J.
Hoffman, "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020, arXiv:2008.08115.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import ResultRecord, TruthRecord

CLASS_ERROR, LOCALISATION_ERROR, CLASS_AND_LOCALISATION_ERROR, DUPLICATE_ERROR, BACKGROUND_ERROR = range(5)
NO_ERROR = -1

# Of all classes together, the most confident ones; COCO's AP allows as many of each class.
_MOST_DETECTIONS = 100


@dataclass(frozen=True)
class DetectionErrors:
    """The errors of N detections, by falling score within an image, and their M objects, which are no crowds.

    Detections: ``category`` ids ``(N,)`` int64 and ``score`` ``(N,)`` float64. ``right`` ``(N,)`` bool is true for one
    that finds an object of its class. ``on_crowd`` ``(N,)`` bool is true for a wrong one on a crowd of its class, which
    AP does not count. ``kind`` ``(N,)`` int8 is one of this module's error constants, or ``NO_ERROR``. ``fixes``
    ``(N,)`` int64 is the position of the object that a detection finds once its error is fixed, -1 for none; each
    object without a match is given to one detection at most. Objects: ``true_category`` ids ``(M,)`` int64, and
    ``found`` ``(M,)`` bool.
    """

    category: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    on_crowd: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.int8]
    fixes: npt.NDArray[np.int64]
    true_category: npt.NDArray[np.int64]
    found: npt.NDArray[np.bool_]

    @classmethod
    def merged(cls, images: Sequence["DetectionErrors"]) -> "DetectionErrors":
        """Return the errors of all ``images``, in their order."""
        before = np.cumsum([0, *(len(each.found) for each in images)])
        columns = {field.name: [getattr(each, field.name) for each in (_NONE, *images)] for field in fields(cls)}
        moved = [np.where(each.fixes < 0, -1, each.fixes + n) for each, n in zip(images, before, strict=False)]
        columns["fixes"] = [_NONE.fixes, *moved]
        return cls(**{name: np.concatenate(column) for name, column in columns.items()})


_INT, _BOOL = np.zeros(0, np.int64), np.zeros(0, np.bool_)
_NONE = DetectionErrors(_INT, np.zeros(0), _BOOL, _BOOL, np.zeros(0, np.int8), _INT, _INT, _BOOL)


def image_errors(
    objects: Sequence[TruthRecord], found: Sequence[ResultRecord], iou_type: str, iou: float, background: float
) -> DetectionErrors:
    """Return the error type of each detection ``found`` on one image with the true ``objects``, matched at ``iou``.

    The records are COCO's, ``iou_type`` is ``segm`` or ``bbox``. A detection that overlaps no object by more than
    ``background`` is a background error. Crowds are no objects here: a detection on one is excused from AP and has an
    error type all the same.
    """
    # Stable, so that equal scores keep their order.
    ranked = sorted(found, key=lambda each: -each["score"])[:_MOST_DETECTIONS]
    real = [each for each in objects if not each["iscrowd"]]
    categories, true_categories = _categories(ranked), _categories(real)
    ious = pairwise_iou(ranked, real, iou_type, [False] * len(real))
    mine = categories[:, None] == true_categories
    same, other = np.where(mine, ious, 0.0), np.where(mine, 0.0, ious)
    right, matched = _matched(same, iou)
    on_crowd = ~right & _on_crowd(ranked, [each for each in objects if each["iscrowd"]], iou_type, iou)
    kind, target = _kinds(same, other, matched, iou, background)
    kind[right], target[right] = NO_ERROR, -1
    scores = np.array([each["score"] for each in ranked], np.float64)
    return DetectionErrors(categories, scores, right, on_crowd, kind, _fixes(target, matched), true_categories, matched)


def _categories(records: Sequence[TruthRecord] | Sequence[ResultRecord]) -> npt.NDArray[np.int64]:
    return np.array([each["category_id"] for each in records], np.int64)


def _matched(same: npt.NDArray[np.float64], iou: float) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which detections ``(N,)`` find an object, and which objects ``(M,)`` are found.

    ``same`` ``(N, M)`` are the IoUs with objects of the detection's class. Each detection in turn takes the free object
    of highest IoU; of equal ones the first, where COCO's evaluator takes the last.
    """
    free = same.copy()
    right, matched = np.zeros(same.shape[0], np.bool_), np.zeros(same.shape[1], np.bool_)
    for row in np.flatnonzero(same.max(axis=1, initial=0.0) >= iou):
        column = int(free[row].argmax())
        if free[row, column] >= iou:
            right[row] = matched[column] = True
            free[:, column] = 0.0
    return right, matched


def _on_crowd(
    found: Sequence[ResultRecord], crowds: Sequence[TruthRecord], iou_type: str, iou: float
) -> npt.NDArray[np.bool_]:
    """Return which detections ``(N,)`` lie on a crowd of their class by more than ``iou`` of their own area."""
    ious = pairwise_iou(found, crowds, iou_type, [True] * len(crowds))
    return ((ious > iou) & (_categories(found)[:, None] == _categories(crowds))).any(axis=1)


def _kinds(
    same: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    taken: npt.NDArray[np.bool_],
    iou: float,
    background: float,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Return the error type of each detection, were it wrong, and the object that it finds once fixed, -1 for none.

    ``same`` and ``other`` ``(N, M)`` are IoUs with objects of the detection's class and of others. ``taken`` ``(M,)``
    objects are already found.
    """
    best, cross = same.max(axis=1, initial=0.0), other.max(axis=1, initial=0.0)
    cases = [
        (best >= background) & (best <= iou),
        cross >= iou,
        (taken & (same >= iou)).any(axis=1),
        cross <= background,
    ]
    kinds = np.select(
        cases, [LOCALISATION_ERROR, CLASS_ERROR, DUPLICATE_ERROR, BACKGROUND_ERROR], CLASS_AND_LOCALISATION_ERROR
    ).astype(np.int8)
    target = np.full(len(kinds), -1, np.int64)
    for kind, overlaps in ((LOCALISATION_ERROR, same), (CLASS_ERROR, other)):
        rows = kinds == kind
        if rows.any():
            target[rows] = overlaps[rows].argmax(axis=1)
    return kinds, target


def _fixes(target: npt.NDArray[np.int64], taken: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the object ``(N,)`` that each detection finds once fixed: a free one goes to the first that aims at it."""
    given = taken.copy()
    fixes = np.full(len(target), -1, np.int64)
    for row in np.flatnonzero(target >= 0):
        if not given[target[row]]:
            given[target[row]] = True
            fixes[row] = target[row]
    return fixes
