"""Which detections are right at one IoU, by COCO's own matching: what curves, thresholds and errors are read from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco import COCO, COCOeval

from maskwright.evaluation.coco import without_text

_EVERY_SIZE = [0.0, 1e10]


@dataclass(frozen=True)
class Matches:
    """N detections and M true objects of a data set; crowds, and detections that lie on one, are not among them.

    Detections, most confident first: ``image`` and ``category`` ids ``(N,)``, ``score`` ``(N,)``, ``right`` ``(N,)``
    whether it is the one that finds an object of its class. Objects: ``true_image`` and ``true_category`` ``(M,)``, and
    ``found_at`` ``(M,)`` the score of the detection that finds it, NaN when none does.
    """

    image: npt.NDArray[np.int64]
    category: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    true_image: npt.NDArray[np.int64]
    true_category: npt.NDArray[np.int64]
    found_at: npt.NDArray[np.float64]

    def of_class(self, category: int) -> "Matches":
        """The detections and objects of one category."""
        return self._where(self.category == category, self.true_category == category)

    def above(self, score: float) -> "Matches":
        """What stays with detections of at least ``score`` alone: matching goes by score, so nothing else moves."""
        kept = self._where(self.score >= score, np.ones(len(self.true_image), np.bool_))
        return replace(kept, found_at=np.where(kept.found_at >= score, kept.found_at, np.nan))

    def _where(self, detections: npt.NDArray[np.bool_], objects: npt.NDArray[np.bool_]) -> "Matches":
        return Matches(
            self.image[detections],
            self.category[detections],
            self.score[detections],
            self.right[detections],
            self.true_image[objects],
            self.true_category[objects],
            self.found_at[objects],
        )


def coco_matches(truth: dict[str, Any], results: Sequence[dict[str, Any]], kind: str, iou: float = 0.5) -> Matches:
    """Match ``results`` with the COCO data set ``truth`` for ``kind`` ``bbox`` or ``segm``.

    The rules are COCO's: by class, the most confident detection first, each to the best object of at least ``iou`` that
    is still free; at most 100 detections of a class on an image.
    """
    coco = COCO(truth)
    evaluation = COCOeval(coco, coco.load_res(without_text(results)), kind)
    evaluation.params.iou_thrs = [iou]
    evaluation.params.area_rng, evaluation.params.area_rng_lbl = [_EVERY_SIZE], ["all"]
    evaluation.params.max_dets = [100]
    evaluation.evaluate()
    return _collected([each for each in evaluation.eval_imgs if each is not None])


def _collected(images: Sequence[dict[str, Any]]) -> Matches:
    detections: list[tuple[int, int, float, bool]] = []
    objects: list[tuple[int, int, float]] = []
    for each in images:
        image, category = each["image_id"], each["category_id"]
        scores = dict(zip(each["dtIds"], each["dtScores"], strict=True))
        for score, right, ignored in zip(each["dtScores"], each["dtMatched"][0], each["dtIgnore"][0], strict=True):
            if not ignored:
                detections.append((image, category, score, right))
        for finder, found, ignored in zip(each["gtMatches"][0], each["gtMatched"][0], each["gtIgnore"], strict=True):
            if not ignored:
                objects.append((image, category, scores[finder] if found else np.nan))
    found = [np.array(column) for column in zip(*detections, strict=True)] or [np.zeros(0)] * 4
    true = [np.array(column) for column in zip(*objects, strict=True)] or [np.zeros(0)] * 3
    order = np.argsort(-found[2], kind="stable")
    return Matches(
        found[0][order].astype(np.int64),
        found[1][order].astype(np.int64),
        found[2][order].astype(np.float64),
        found[3][order].astype(np.bool_),
        true[0].astype(np.int64),
        true[1].astype(np.int64),
        true[2].astype(np.float64),
    )
