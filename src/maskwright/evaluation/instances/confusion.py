"""The confusion matrix of detections and objects, with a last row and column for nothing.

Detections are matched with objects of their own class first, as in COCO's evaluation, then the remaining ones with
objects of other classes. The diagonal therefore counts what COCO counts as right: a dog on a sofa is found even when
the sofa's box fits the detection better.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import ResultRecord, TruthRecord

# Counts above 0 by the positions 0..K-1 of the true and the predicted class, where K stands for nothing. A matrix of
# 20,000 classes would take 3 GB, whichever of them occur.
ObjectConfusion = Counter[tuple[int, int]]


def image_confusion(
    objects: Sequence[TruthRecord],
    found: Sequence[ResultRecord],
    index: dict[int, int],
    iou_type: str,
    iou: float = 0.5,
) -> ObjectConfusion:
    """Return the counts of one image by the positions of the true and of the predicted class.

    K stands for nothing: (K, k) counts false detections, and (k, K) missed objects. ``objects`` and ``found`` are COCO
    records, ``index`` the position 0..K-1 of each category id, ``iou_type`` is ``segm`` or ``bbox``. The most confident
    detection goes first and gets the free object of highest IoU, if that is at least ``iou``. An unmatched detection
    does not count when its overlap with a crowd of its class, by COCO's crowd IoU, is at least ``iou``.
    """
    nothing = len(index)
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
    counts = Counter(zip(true[partner[matched]].tolist(), predicted[matched].tolist(), strict=True))
    counts.update((nothing, k) for k in predicted[~matched & ~on_crowd].tolist())
    counts.update((k, nothing) for k in true[missed].tolist())
    return counts


def most_confused(counts: ObjectConfusion, names: Sequence[str], limit: int = 10) -> list[tuple[str, str, int]]:
    """Return up to ``limit`` pairs of different classes as (true, predicted, count), most often confused first.

    ``names`` are the class names by position; equal counts go by position.
    """
    between = (each for each in counts.items() if each[0][0] != each[0][1] and max(each[0]) < len(names))
    ranked = sorted(between, key=lambda each: (-each[1], each[0]))
    return [(names[true], names[taken], count) for (true, taken), count in ranked[:limit]]


def confusion_rows(counts: ObjectConfusion, names: Sequence[str], most: int) -> dict[str, Any]:
    """Return ``{"rows", "names", "counts", "left_out"}``: ``counts`` as a matrix, whose rows are true classes.

    ``names`` are the class names by position. The last row and column stand for nothing. Of more than ``most`` classes
    the matrix has those that occur, and of these no more than the ``most`` with most objects and detections.
    ``left_out`` is how many classes it lacks.
    """
    shown = _shown(counts, len(names), most)
    place = {position: row for row, position in enumerate([*shown, len(names)])}
    matrix = np.zeros((len(place), len(place)), np.int64)
    for (true, taken), count in counts.items():
        if true in place and taken in place:
            matrix[place[true], place[taken]] = count
    return {
        "rows": "truth",
        "names": [*(names[position] for position in shown), "nothing"],
        "counts": matrix.tolist(),
        "left_out": len(names) - len(shown),
    }


def _shown(counts: ObjectConfusion, classes: int, most: int) -> Sequence[int]:
    """Return the positions of all classes, or of more than ``most`` those that occur, the most frequent of these."""
    if classes <= most:
        return range(classes)
    often: Counter[int] = Counter()
    for pair, count in counts.items():
        often.update(dict.fromkeys(pair, count))
    del often[classes]
    return sorted(sorted(often, key=lambda position: (-often[position], position))[:most])


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
