"""What lies behind the scores of instance results: thresholds, overlaps, errors, confusions, the worst images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hotcoco import COCOeval

from maskwright.evaluation.calibration import calibration_scores, reliability
from maskwright.evaluation.class_confusion import ObjectConfusion, image_confusion, most_confused
from maskwright.evaluation.coco_truth import CocoTruth
from maskwright.evaluation.curves import at_threshold, class_curves, per_class
from maskwright.evaluation.foreground import foreground_scores
from maskwright.evaluation.instance_images import (
    ImageOverlaps,
    ImageRecords,
    image_overlaps,
    image_scores,
    worst_first,
)
from maskwright.evaluation.matches import Matches, coco_matches
from maskwright.evaluation.pairing import overlap_scores
from maskwright.evaluation.tide import tide

WORST = 20


@dataclass(frozen=True)
class Thresholds:
    """``score``: the least confidence of a detection that counts; ``iou``: the least overlap that finds an object.

    Both for the details; the official numbers go over all thresholds.
    """

    score: float = 0.5
    iou: float = 0.5


@dataclass(frozen=True)
class Details:
    """``scores`` by topic, ``classes`` by name, the precision-recall ``curves`` by class, a row for each image."""

    scores: dict[str, Any]
    classes: dict[str, dict[str, Any]]
    curves: dict[str, Any]
    images: list[dict[str, Any]]


class InstanceDetails:
    """Gathers what is measured image by image: ``add`` each image, then ask for the ``result``."""

    def __init__(self, truth: CocoTruth, kind: str, thresholds: Thresholds, boundary: bool = False) -> None:
        """``kind`` is ``segm``, where all records have masks, or ``bbox``; ``boundary`` adds boundary IoU of masks."""
        self._truth, self._kind, self._thresholds = truth, kind, thresholds
        self._labels = truth.labels()
        self._index = {category_id: position for position, category_id in enumerate(self._labels)}
        self._boundary = boundary and kind == "segm"
        self._confusion: ObjectConfusion = np.zeros((len(self._index) + 1,) * 2, np.int64)
        self._overlaps: list[ImageOverlaps] = []

    def add(self, image: ImageRecords) -> None:
        """Measure one image, whose detections are those of at least the score threshold."""
        self._overlaps.append(image_overlaps(image, self._kind, self._boundary))
        self._confusion += image_confusion(image.objects, image.found, self._index, self._kind, self._thresholds.iou)

    def result(self, results: Sequence[dict[str, Any]], evaluation: COCOeval) -> Details:
        """The details, once every image was added; ``results`` are all records, ``evaluation`` the official one."""
        kind, score, iou = self._kind, self._thresholds.score, self._thresholds.iou
        matches = coco_matches(self._truth.document(kind), results, kind, iou)
        images = image_scores(matches, self._overlaps, self._truth.file_names(), score)
        scores = {
            "at_score": {"kind": kind, "score": score, "iou": iou} | at_threshold(matches, score),
            "foreground": foreground_scores(each.union for each in self._overlaps if each.union),
            "overlap": _overlap(self._overlaps),
            "tide": tide(evaluation),
            "confusion": _confusion(self._confusion, list(self._labels.values())),
            "calibration": _calibration(matches),
            "worst_images": worst_first(images)[:WORST],
        }
        classes = per_class(matches, self._labels, score)
        for category_id, name in self._labels.items():
            classes[name] |= _class_overlap(self._overlaps, category_id)
        return Details(scores, classes, class_curves(matches, self._labels), images)


def _overlap(overlaps: Sequence[ImageOverlaps]) -> dict[str, Any]:
    """Means over all true objects, by the best prediction, one to one, and of boundaries."""
    summary = {
        "best": overlap_scores(_all(each.best for each in overlaps)),
        "one_to_one": overlap_scores(_all(each.paired for each in overlaps)),
    }
    edges = [each.boundary for each in overlaps if each.boundary is not None]
    return summary | ({"boundary": {"mean_IoU": _mean(_all(edges))}} if edges else {})


def _class_overlap(overlaps: Sequence[ImageOverlaps], category: int) -> dict[str, Any]:
    mine = [(each, each.categories == category) for each in overlaps]
    row = {"best_IoU": _mean(_all(each.best[which] for each, which in mine))}
    edges = [each.boundary[which] for each, which in mine if each.boundary is not None]
    return row | ({"boundary_IoU": _mean(_all(edges))} if edges else {})


def _confusion(counts: ObjectConfusion, names: list[str]) -> dict[str, Any]:
    pairs = [{"true": true, "predicted": wrong, "count": count} for true, wrong, count in most_confused(counts, names)]
    return {"rows": "truth", "names": [*names, "nothing"], "counts": counts.tolist(), "most_confused": pairs}


def _calibration(matches: Matches) -> Mapping[str, Any] | None:
    """None where scores are no confidences from 0 to 1."""
    if len(matches.score) and not (matches.score.min() >= 0 and matches.score.max() <= 1):
        return None
    return calibration_scores(reliability(matches.score, matches.right))


def _all(values: Iterable[Any]) -> Any:
    return np.concatenate([np.zeros(0), *values])


def _mean(values: Any) -> float | None:
    return float(values.mean()) if values.size else None
