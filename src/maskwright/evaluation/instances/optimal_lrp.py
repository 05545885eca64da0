"""Optimal LRP (oLRP): one number for place, wrong and missed detections, and the score threshold that it is best at.

Source: K. Oksuz, B. C. Cam, S. Kalkan, E. Akbas, "One Metric to Measure them All: Localisation Recall Precision (LRP)
for Evaluating Visual Detection Tasks", IEEE TPAMI 2021, and the authors' ``LRP-Error``: matches at IoU 0.5, thresholds
0.00, 0.01, … 1.00.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import defined_mean, ratio
from maskwright.evaluation.coco.matches import ImageMatches
from maskwright.evaluation.columns import joined
from maskwright.evaluation.grouping import places_by_value
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import ResultRecord, TruthRecord

LRP_IOU = 0.5
LRP_PROTOCOL = (
    "oLRP (0 is best, 1 worst): detections matched as for AP at IoU 0.50, the threshold of each class from 0.00 to "
    "1.00 in steps of 0.01, means over the classes with an object; comparable with numbers of the authors' LRP-Error"
)
# Written i / 100: a step of 0.01 added up has 0.07000000000000001, which a score of 0.07 would not reach.
SCORE_THRESHOLDS: npt.NDArray[np.float64] = np.arange(101) / 100

_PARTS = ("oLRP", "localisation", "FP", "FN")


@dataclass(frozen=True)
class Localisations:
    """The N detections of some images, and what is right about them.

    ``category`` ids ``(N,)`` int64, ``score`` ``(N,)`` float64, and ``iou`` ``(N,)`` float64 with the object that is
    found, 0 for a detection that finds none. ``true_category`` ids ``(M,)`` int64 are those of the objects.
    """

    category: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    iou: npt.NDArray[np.float64]
    true_category: npt.NDArray[np.int64]

    @classmethod
    def merged(cls, images: Iterable["Localisations"]) -> "Localisations":
        """Return the detections and objects of all ``images``."""
        return joined(_NONE, images)


_NOWHERE = np.zeros(0, np.int64)
_NONE = Localisations(_NOWHERE, np.zeros(0), np.zeros(0), _NOWHERE)


def localisations(
    matched: ImageMatches, objects: Sequence[TruthRecord], found: Sequence[ResultRecord], iou_type: str
) -> Localisations:
    """Return the IoU of each match of one image; ``matched`` are its records ``objects`` and ``found`` at ``LRP_IOU``.

    ``iou_type`` is ``segm``, for which every record needs a mask, or ``bbox``.
    """
    matches = matched.matches
    pairs = matched.finders >= 0
    finders = matched.finders[pairs]
    true = [objects[number] for number in matched.objects[pairs]]
    shared = pairwise_iou([found[number] for number in finders], true, iou_type, [False] * len(true)).diagonal()
    place = {int(number): row for row, number in enumerate(matched.detections)}
    iou = np.zeros(len(matches.score))
    iou[[place[int(number)] for number in finders]] = shared
    return Localisations(matches.category, matches.score, iou, matches.true_category)


def optimal_lrp(found: Localisations, names: Mapping[int, str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Compute the optimal LRP over all classes and of each class; ``names`` are those of the classes by category id.

    Returns ``{"oLRP", "localisation", "FP", "FN", "protocol"}``, and the same parts with ``score`` by class name.
    ``localisation`` is the mean of 1 - IoU of the matches, ``FP`` the share of wrong detections, ``FN`` that of missed
    objects, each at the class's ``score`` threshold, the highest of those at which LRP is smallest. A class of which no
    object is found has oLRP and FN 1 and no threshold. Values are None without an object, and everything is None where
    scores are no confidences from 0 to 1, because the thresholds would then mean nothing.
    """
    confident = not len(found.score) or (found.score.min() >= 0 and found.score.max() <= 1)
    objects = Counter(found.true_category.tolist()) if confident else {}
    places = places_by_value(found.category)
    classes: dict[str, dict[str, Any]] = {}
    for category, name in names.items():
        mine = places.get(category, _NOWHERE)
        classes[name] = _class_lrp(found.score[mine], found.iou[mine], objects.get(category, 0))
    table = np.array([[row[part] for part in _PARTS] for row in classes.values()], np.float64)
    means = defined_mean(table.reshape(-1, len(_PARTS)), axis=0)
    overall = {part: None if np.isnan(mean) else float(mean) for part, mean in zip(_PARTS, means, strict=True)}
    return {**overall, "protocol": LRP_PROTOCOL}, classes


def _class_lrp(score: npt.NDArray[np.float64], iou: npt.NDArray[np.float64], objects: int) -> dict[str, float | None]:
    if not objects:
        return dict.fromkeys((*_PARTS, "score"))
    order = np.argsort(-score, kind="stable")
    kept = np.searchsorted(-score[order], -SCORE_THRESHOLDS, side="right")
    right = np.append(0, np.cumsum(iou[order] > 0))[kept]
    error = np.append(0.0, np.cumsum(np.where(iou > 0, 1 - iou, 0.0)[order]))[kept]
    wrong, missed = kept - right, objects - right
    lrp = (error / (1 - LRP_IOU) + wrong + missed) / (right + wrong + missed)
    best = len(lrp) - 1 - int(lrp[::-1].argmin())
    if not right[best]:
        return {"oLRP": 1.0, "localisation": None, "FP": None, "FN": 1.0, "score": None}
    parts = ratio(
        np.array([error[best], wrong[best], missed[best]], np.float64), np.array([right[best], kept[best], objects])
    )
    values = [float(lrp[best]), *parts.tolist()]
    return {**dict(zip(_PARTS, values, strict=True)), "score": float(SCORE_THRESHOLDS[best])}
