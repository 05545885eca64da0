"""The TIDE errors of the detections of one image; later steps need no mask.

Source: D. Bolya, S. Foley, J. Hays, J. Hoffman, "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV
2020, arXiv:2008.08115.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.matches import ImageMatches, Matches
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import ResultRecord, TruthRecord

CLASS_ERROR, LOCALISATION_ERROR, CLASS_AND_LOCALISATION_ERROR, DUPLICATE_ERROR, BACKGROUND_ERROR = range(5)
NO_ERROR = -1


@dataclass(frozen=True)
class DetectionErrors:
    """The errors of N detections and M objects, those of ``matches``.

    ``kind`` ``(N,)`` int8 is one of this module's error constants, or ``NO_ERROR``. ``fixes`` ``(N,)`` int64 is the
    position of the object that a detection finds once its error is fixed, -1 for none. Each object without a match is
    given to one detection at most.
    """

    matches: Matches
    kind: npt.NDArray[np.int8]
    fixes: npt.NDArray[np.int64]

    @classmethod
    def merged(cls, images: Sequence["DetectionErrors"]) -> "DetectionErrors":
        """Return the errors of all ``images``, in their order."""
        before = np.cumsum([0, *(len(each.matches.found_at) for each in images)])
        mends = [np.where(each.fixes < 0, -1, each.fixes + n) for each, n in zip(images, before, strict=False)]
        return cls(
            Matches.merged([each.matches for each in images]),
            np.concatenate([np.zeros(0, np.int8), *(each.kind for each in images)]),
            np.concatenate([np.zeros(0, np.int64), *mends]),
        )


def image_errors(
    objects: Sequence[TruthRecord],
    found: Sequence[ResultRecord],
    matched: ImageMatches,
    iou_type: str,
    iou: float,
    background: float,
) -> DetectionErrors:
    """Return the error type of each detection in ``matched``, the matches of one image's records at ``iou``.

    ``objects`` and ``found`` are the COCO records that were matched, ``iou_type`` is ``segm`` or ``bbox``. A detection
    that overlaps no object by more than ``background`` is a background error.
    """
    matches = matched.matches
    kinds = np.full(len(matches.score), NO_ERROR, np.int8)
    mends = np.full(len(matches.score), -1, np.int64)
    wrong = np.flatnonzero(~matches.right)
    if len(wrong):
        # Objects come before crowds: of two equal overlaps the one with an object counts.
        ordered = sorted(range(len(objects)), key=lambda g: bool(objects[g]["iscrowd"]))
        crowd = [bool(objects[g]["iscrowd"]) for g in ordered]
        wrong_ones, ordered_ones = [found[matched.detections[d]] for d in wrong], [objects[g] for g in ordered]
        ious = pairwise_iou(wrong_ones, ordered_ones, iou_type, crowd)
        categories = np.array([objects[g]["category_id"] for g in ordered], np.int64)
        real = np.array([not objects[g]["iscrowd"] for g in ordered], np.bool_)
        free = np.isin(ordered, matched.objects[np.isnan(matches.found_at)])
        mine = matches.category[wrong][:, None] == categories
        same, other = np.where(mine, ious, 0.0), np.where(~mine & real, ious, 0.0)
        kinds[wrong], target = _kinds(same, other, real & ~free, iou, background)
        _assign_fixes(mends, matches.score, wrong, target, np.where(free, _places(ordered, matched), -1))
    return DetectionErrors(matches, kinds, mends)


def _kinds(
    same: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    taken: npt.NDArray[np.bool_],
    iou: float,
    background: float,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Return the error type of each wrong detection and the column of the object it finds once fixed, -1 for none.

    ``same`` and ``other`` ``(W, G)`` are IoUs with objects of the detection's class and of others. ``taken`` ``(G,)``
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


def _assign_fixes(
    mends: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    wrong: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    place: npt.NDArray[np.int64],
) -> None:
    """Give each object without a match, at ``place``, to the most confident detection that aims at it."""
    given: set[int] = set()
    for row in np.argsort(-scores[wrong], kind="stable"):
        goal = int(place[target[row]]) if target[row] >= 0 else -1
        if goal >= 0 and goal not in given:
            given.add(goal)
            mends[wrong[row]] = goal


def _places(ordered: Sequence[int], matched: ImageMatches) -> npt.NDArray[np.int64]:
    """Return the position of each of the ``ordered`` records among the matched objects, -1 where it is none of them."""
    places = {int(record): place for place, record in enumerate(matched.objects)}
    return np.array([places.get(record, -1) for record in ordered], np.int64)
