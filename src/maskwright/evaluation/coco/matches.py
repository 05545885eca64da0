"""The matches of detections with objects at one IoU by COCO's rules, for curves, thresholds and error analysis."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco import COCO, COCOeval

from maskwright.evaluation.coco.evaluator import without_text
from maskwright.evaluation.columns import joined
from maskwright.evaluation.grouping import places_by_value
from maskwright.structures import ImageRecord, ResultRecord, TruthRecord

_EVERY_SIZE = [0.0, 1e10]


@dataclass(frozen=True)
class Matches:
    """The matches of N detections with M true objects; crowds, and detections that match only a crowd, are excluded.

    Detections, most confident first: ``image`` and ``category`` ids ``(N,)`` int64, ``score`` ``(N,)`` float64, and
    ``right`` ``(N,)`` bool, which is true for a detection that is matched with an object of its class. Objects:
    ``true_image`` and ``true_category`` ids ``(M,)`` int64, and ``found_at`` ``(M,)`` float64, the score of the matched
    detection, NaN when none is matched.
    """

    image: npt.NDArray[np.int64]
    category: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    true_image: npt.NDArray[np.int64]
    true_category: npt.NDArray[np.int64]
    found_at: npt.NDArray[np.float64]

    def of_class(self, category: int) -> "Matches":
        """Return the detections and objects of one ``category`` id."""
        return self._where(self.category == category, self.true_category == category)

    def of_classes(self, categories: Iterable[int]) -> Iterator[tuple[int, "Matches"]]:
        """Yield each of the ``categories`` ids with its detections and objects, as :meth:`of_class` gives them."""
        found, true = places_by_value(self.category), places_by_value(self.true_category)
        for category in categories:
            yield category, self._where(found.get(category, _INT), true.get(category, _INT))

    def above(self, score: float) -> "Matches":
        """Return the matches when only detections of at least ``score`` count.

        Matching goes by falling score, so that removing the less confident detections changes no other match.
        """
        kept = self._where(self.score >= score, np.ones(len(self.true_image), np.bool_))
        return replace(kept, found_at=np.where(kept.found_at >= score, kept.found_at, np.nan))

    @classmethod
    def merged(cls, images: Iterable["Matches"]) -> "Matches":
        """Return the matches of all ``images``, one image after the other; :meth:`sorted_by_score` is not applied."""
        return joined(_NONE, images)

    def sorted_by_score(self) -> "Matches":
        """Return the same matches, most confident detection first; equal scores keep their order."""
        return self._where(np.argsort(-self.score, kind="stable"), np.arange(len(self.found_at)))

    def _where(
        self, detections: npt.NDArray[np.bool_ | np.int64], objects: npt.NDArray[np.bool_ | np.int64]
    ) -> "Matches":
        return Matches(
            self.image[detections],
            self.category[detections],
            self.score[detections],
            self.right[detections],
            self.true_image[objects],
            self.true_category[objects],
            self.found_at[objects],
        )


_INT, _FLOAT = np.zeros(0, np.int64), np.zeros(0)
_NONE = Matches(_INT, _INT, _FLOAT, np.zeros(0, np.bool_), _INT, _INT, _FLOAT)


@dataclass(frozen=True)
class ImageMatches:
    """The ``matches`` of one image, and the positions of its records.

    ``detections`` ``(N,)`` and ``objects`` ``(M,)`` int64 are positions in the lists of records that were matched.
    ``finders`` ``(M,)`` int64 are those of the detections that find the objects, -1 where none does.
    """

    matches: Matches
    detections: npt.NDArray[np.int64]
    objects: npt.NDArray[np.int64]
    finders: npt.NDArray[np.int64]


def coco_matches(truth: dict[str, Any], results: Sequence[ResultRecord], iou_type: str, iou: float = 0.5) -> Matches:
    """Match ``results`` with the COCO data set ``truth`` for the IoU type ``bbox`` or ``segm``.

    The rules are COCO's. Classes are matched apart. The most confident detection goes first and gets the free object of
    highest IoU, if that is at least ``iou``. At most 100 detections of a class count on an image.
    """
    return _collected(truth, results, iou_type, iou).matches


def image_matches(
    image: ImageRecord, objects: Sequence[TruthRecord], found: Sequence[ResultRecord], iou_type: str, iou: float
) -> ImageMatches:
    """Match the COCO records ``found`` on one ``image`` with its ``objects`` by the rules of :func:`coco_matches`."""
    categories = sorted({each["category_id"] for each in (*objects, *found)})
    truth = {
        "images": [image],
        # With ids from 1 on: pycocotools takes a match with id 0 for no match.
        "annotations": [each | {"id": number} for number, each in enumerate(objects, start=1)],
        "categories": [{"id": category, "name": str(category)} for category in categories],
    }
    return _collected(truth, found, iou_type, iou)


def _collected(truth: dict[str, Any], results: Sequence[ResultRecord], iou_type: str, iou: float) -> ImageMatches:
    """Return the matches with their positions: the ids of annotations and results less 1."""
    detections: list[tuple[int, int, float, bool, int]] = []
    objects: list[tuple[int, int, float, int, int]] = []
    for each in _matched(truth, results, iou_type, iou):
        image, category = each["image_id"], each["category_id"]
        scores = dict(zip(each["dtIds"], each["dtScores"], strict=True))
        for number, right, ignored in zip(each["dtIds"], each["dtMatched"][0], each["dtIgnore"][0], strict=True):
            if not ignored:
                detections.append((image, category, scores[number], right, number - 1))
        finders = zip(each["gtIds"], each["gtMatches"][0], each["gtMatched"][0], each["gtIgnore"], strict=True)
        for number, finder, found, ignored in finders:
            if not ignored:
                score, finder = (scores[finder], finder - 1) if found else (np.nan, -1)
                objects.append((image, category, score, number - 1, finder))
    ranked = sorted(detections, key=lambda each: -each[2])
    found = [np.array(column) for column in zip(*ranked, strict=True)] or [_FLOAT] * 5
    true = [np.array(column) for column in zip(*objects, strict=True)] or [_FLOAT] * 5
    matches = Matches(
        found[0].astype(np.int64),
        found[1].astype(np.int64),
        found[2].astype(np.float64),
        found[3].astype(np.bool_),
        true[0].astype(np.int64),
        true[1].astype(np.int64),
        true[2].astype(np.float64),
    )
    return ImageMatches(matches, *(each.astype(np.int64) for each in (found[4], true[3], true[4])))


def _matched(truth: dict[str, Any], results: Sequence[ResultRecord], iou_type: str, iou: float) -> list[dict[str, Any]]:
    """Run the evaluator at one IoU and return its record of each class on each image."""
    if not truth["annotations"] and not results:
        return []
    coco = COCO(truth)
    evaluation = COCOeval(coco, coco.load_res(without_text(results)), iou_type)
    evaluation.params.iou_thrs = [iou]
    evaluation.params.area_rng, evaluation.params.area_rng_lbl = [_EVERY_SIZE], ["all"]
    evaluation.params.max_dets = [100]
    evaluation.evaluate()
    return [each for each in evaluation.eval_imgs if each is not None]
