"""The confusion matrix of detections and objects, with a last row and column for nothing.

Detections are matched with objects of their own class first, as in COCO's evaluation, then the remaining ones with
objects of other classes. The diagonal therefore counts what COCO counts as right: a dog on a sofa is found even when
the sofa's box fits the detection better.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import ResultRecord, TruthRecord

ObjectConfusion = npt.NDArray[np.int64]


def image_confusion(
    objects: Sequence[TruthRecord],
    found: Sequence[ResultRecord],
    index: dict[int, int],
    iou_type: str,
    iou: float = 0.5,
) -> ObjectConfusion:
    """Return the counts ``(K + 1, K + 1)`` int64 of one image; rows are true classes, columns predicted ones.

    The last row and column stand for nothing: false detections and missed objects. ``objects`` and ``found`` are COCO
    records, ``index`` the position 0..K-1 of each category id, ``iou_type`` is ``segm`` or ``bbox``. The most confident
    detection goes first and gets the free object of highest IoU, if that is at least ``iou``. An unmatched detection
    does not count when its overlap with a crowd of its class, by COCO's crowd IoU, is at least ``iou``.
    """
    nothing = len(index)
    counts = np.zeros((nothing + 1, nothing + 1), np.int64)
    ranked = sorted(found, key=lambda each: -each["score"])
    predicted = np.array([index[each["category_id"]] for each in ranked], np.int64)
    true = np.array([index[each["category_id"]] for each in objects], np.int64)
    crowd = np.array([bool(each["iscrowd"]) for each in objects], np.bool_)
    ious = pairwise_iou(ranked, objects, iou_type, crowd.tolist())
    same = predicted[:, None] == true
    partner = np.full(len(ranked), -1, np.int64)
    for allowed in (same & ~crowd, ~same & ~crowd):
        _match(np.where(allowed, ious, 0.0), partner, iou)
    on_crowd = (np.where(same & crowd, ious, 0.0) >= iou).any(axis=1)
    matched = partner >= 0
    missed = ~crowd
    missed[partner[matched]] = False
    np.add.at(counts, (true[partner[matched]], predicted[matched]), 1)
    counts[nothing, :nothing] = np.bincount(predicted[~matched & ~on_crowd], minlength=nothing)
    counts[:nothing, nothing] = np.bincount(true[missed], minlength=nothing)
    return counts


def most_confused(counts: ObjectConfusion, names: Sequence[str], limit: int = 10) -> list[tuple[str, str, int]]:
    """Return up to ``limit`` pairs of different classes as (true, predicted, count), most often confused first.

    ``names`` are the class names in the order of the rows.
    """
    between = counts[:-1, :-1].copy()
    np.fill_diagonal(between, 0)
    order = np.argsort(-between, axis=None, kind="stable")[:limit]
    positions = [divmod(int(position), len(between)) for position in order]
    return [(names[true], names[taken], int(between[true, taken])) for true, taken in positions if between[true, taken]]


def _match(ious: npt.NDArray[np.float64], partner: npt.NDArray[np.int64], iou: float) -> None:
    """Give each row without a ``partner``, in order, the free column of highest IoU if that is at least ``iou``."""
    if not ious.size:
        return
    free = np.ones(ious.shape[1], np.bool_)
    free[partner[partner >= 0]] = False
    for row in np.flatnonzero(partner < 0):
        best = int(np.where(free, ious[row], 0.0).argmax())
        if free[best] and ious[row, best] >= iou:
            partner[row] = best
            free[best] = False
