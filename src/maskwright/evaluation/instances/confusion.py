"""Which classes a detector takes for which: a confusion matrix of objects, with a row and a column for nothing.

Detections are matched with objects of their own class first, as in COCO's evaluation, and what is left over with
objects of other classes. A dog on a sofa is found although the sofa's box fits the detection better; the diagonal is
what COCO counts as right.
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
    """Counts ``(K + 1, K + 1)`` of one image: rows are true classes, columns predicted ones, the last is nothing.

    ``objects`` and ``found`` are COCO records, ``index`` the position 0..K-1 of each category id, ``kind`` ``segm`` or
    ``bbox``. The most confident detection goes first, to the free object it overlaps most, by at least ``iou``. A
    detection without one of which as much lies on a crowd of its class does not count.
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
    """The pairs of two different classes (true, predicted, count) that are confused most often."""
    between = counts[:-1, :-1].copy()
    np.fill_diagonal(between, 0)
    order = np.argsort(-between, axis=None, kind="stable")[:limit]
    positions = [divmod(int(position), len(between)) for position in order]
    return [(names[true], names[taken], int(between[true, taken])) for true, taken in positions if between[true, taken]]


def _match(ious: npt.NDArray[np.float64], partner: npt.NDArray[np.int64], iou: float) -> None:
    """Give each row without a ``partner``, in order, the free column of highest overlap, if at least ``iou``."""
    if not ious.size:
        return
    free = np.ones(ious.shape[1], np.bool_)
    free[partner[partner >= 0]] = False
    for row in np.flatnonzero(partner < 0):
        best = int(np.where(free, ious[row], 0.0).argmax())
        if free[best] and ious[row, best] >= iou:
            partner[row] = best
            free[best] = False
