"""The details of instance results: thresholds, overlaps, errors, confusions, calibration, PQ and the worst images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.matches import Matches, image_matches
from maskwright.evaluation.grouping import places_by_value
from maskwright.evaluation.instances.confusion import (
    ObjectConfusion,
    confusion_rows,
    image_confusion,
    most_confused,
)
from maskwright.evaluation.instances.curves import at_threshold, class_curves, per_class
from maskwright.evaluation.instances.foreground import foreground_scores
from maskwright.evaluation.instances.fragments import FRAGMENTS_PROTOCOL, Fragments, image_fragments
from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.matching import overlap_scores
from maskwright.evaluation.instances.optimal_lrp import LRP_IOU, Localisations, localisations, optimal_lrp
from maskwright.evaluation.instances.panoptic_quality import object_protocol, object_segments
from maskwright.evaluation.instances.per_image import (
    ImageOverlaps,
    ImageRecords,
    image_overlaps,
    image_scores,
    worst_first,
)
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, tide_scores
from maskwright.evaluation.panoptic.one_kind import one_kind_intervals, one_kind_quality
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.semantic.calibration import calibration_scores, reliability
from maskwright.limits import input_limit

WORST = 20
_NOWHERE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of the details: the confidence ``score`` from which detections count, and the ``iou`` of a match.

    The COCO statistics use neither; they average over all thresholds.
    """

    score: float = 0.5
    iou: float = 0.5


@dataclass(frozen=True)
class Details:
    """The details of a set of images: ``scores`` by topic, ``classes`` and ``curves`` by class name, and image rows.

    ``intervals`` are those of details, by topic.
    """

    scores: dict[str, Any]
    classes: dict[str, dict[str, Any]]
    curves: dict[str, Any]
    images: list[dict[str, Any]]
    intervals: dict[str, Any] = field(default_factory=dict)

    def merged_into(self, scores: Mapping[str, Any]) -> dict[str, Any]:
        """Return the COCO ``scores`` of the same images with these details added, overall and by class."""
        classes = {name: row | self.classes[name] for name, row in scores["classes"].items()}
        joined = {**scores, "classes": classes, **self.scores}
        return joined | ({"intervals": {**scores["intervals"], **self.intervals}} if "intervals" in scores else {})


@dataclass(frozen=True)
class _Measured:
    """The numbers kept of an image: its overlaps, its matches at the given IoU, and what comes of these and others.

    ``fragments`` and ``segments`` are None for boxes.
    """

    file_name: str
    overlaps: ImageOverlaps
    matches: Matches
    errors: DetectionErrors
    places: Localisations
    fragments: Fragments | None
    segments: dict[int, MatchCounts] | None


class InstanceDetails:
    """An accumulator of details image by image: :meth:`add` each image, then call :meth:`result`.

    A few numbers are kept for each object and detection, but no mask.
    """

    def __init__(
        self,
        labels: Mapping[int, str],
        iou_type: str,
        thresholds: Thresholds | None = None,
        boundary: bool = False,
        resampling: Resampling | None = None,
    ) -> None:
        """Start without images; ``labels`` are the class names to show by category id.

        ``iou_type`` is ``segm``, for which all records need masks, or ``bbox``. ``boundary`` adds the boundary IoU of
        masks. ``resampling`` adds bootstrap intervals of the panoptic quality of masks.
        """
        self._kind, self._thresholds = iou_type, thresholds or Thresholds()
        self._labels = labels
        self._index = {category_id: position for position, category_id in enumerate(self._labels)}
        self._boundary = boundary and iou_type == "segm"
        self._resampling = resampling
        self._confusion = ObjectConfusion()
        self._images: list[_Measured] = []

    @classmethod
    def merged(cls, shares: Iterable["InstanceDetails"]) -> "InstanceDetails":
        """Return an accumulator of the images of all ``shares``, which have the same settings and stay unchanged."""
        shares = list(shares)
        first = shares[0]
        whole = cls(first._labels, first._kind, first._thresholds, first._boundary, first._resampling)
        for share in shares:
            whole._confusion.update(share._confusion)
            whole._images += share._images
        return whole

    def add(self, image: ImageRecords) -> None:
        """Add one image with all its detections."""
        kind, score, iou = self._kind, self._thresholds.score, self._thresholds.iou
        kept = image.above(score)
        records = image.image, image.objects, image.found
        matched = image_matches(*records, kind, iou)
        at_half = matched if iou == LRP_IOU else image_matches(*records, kind, LRP_IOU)
        self._confusion.update(image_confusion(kept.objects, kept.found, self._index, kind, iou))
        self._images.append(
            _Measured(
                image.image["file_name"],
                image_overlaps(kept, kind, self._boundary),
                matched.matches,
                image_errors(image.objects, image.found, kind, IOU, BACKGROUND_IOU),
                localisations(at_half, image.objects, image.found, kind),
                image_fragments(matched, image.objects, image.found, self._thresholds.score)
                if kind == "segm"
                else None,
                object_segments(kept) if kind == "segm" else None,
            )
        )

    def result(self) -> Details:
        """Return the details of the added images; the order of adding does not matter."""
        kind, score, iou = self._kind, self._thresholds.score, self._thresholds.iou
        added = sorted(self._images, key=lambda each: each.overlaps.image)
        overlaps = [each.overlaps for each in added]
        matches = Matches.merged(each.matches for each in added).sorted_by_score()
        images = image_scores(matches, overlaps, {each.overlaps.image: each.file_name for each in added}, score)
        lrp, lrp_classes = optimal_lrp(Localisations.merged(each.places for each in added), self._labels)
        scores = {
            "at_score": {"kind": kind, "score": score, "iou": iou} | at_threshold(matches, score),
            "foreground": foreground_scores(each.union for each in overlaps if each.union),
            "overlap": _overlap(overlaps),
            "tide": tide_scores(DetectionErrors.merged([each.errors for each in added]), list(self._labels)),
            "confusion": _confusion(self._confusion, list(self._labels.values())),
            "calibration": _calibration(matches),
            "optimal_lrp": {"kind": kind, "iou": LRP_IOU, **lrp},
            "worst_images": worst_first(images)[:WORST],
        }
        classes = per_class(matches, self._labels, score)
        for category_id, row in _class_overlaps(overlaps, self._labels):
            classes[self._labels[category_id]] |= row
        for name in self._labels.values():
            classes[name]["optimal_lrp"] = lrp_classes[name]
        if kind == "segm":
            fragments = Fragments.merged(each.fragments for each in added if each.fragments is not None)
            scores["fragments"] = {**fragments.scores(), "protocol": FRAGMENTS_PROTOCOL}
            for category_id, name in self._labels.items():
                classes[name]["fragments"] = fragments.scores(category_id)
        segments = [each.segments for each in added if each.segments is not None]
        intervals = {}
        if kind == "segm":
            quality = one_kind_quality(segments, self._labels)
            scores["panoptic"] = {**quality, "score": score, "protocol": object_protocol(score)}
            if self._resampling is not None:
                intervals["panoptic"] = one_kind_intervals(segments, self._labels, self._resampling)
        return Details(scores, classes, class_curves(matches, self._labels), images, intervals)


def _overlap(overlaps: Sequence[ImageOverlaps]) -> dict[str, Any]:
    """Return the mean overlaps over all true objects: by the best prediction, one to one, and of boundaries."""
    summary = {
        "best": overlap_scores(_all(each.best for each in overlaps)),
        "one_to_one": overlap_scores(_all(each.paired for each in overlaps)),
    }
    edges = [each.boundary for each in overlaps if each.boundary is not None]
    return summary | ({"boundary": {"mean_IoU": _mean(_all(edges))}} if edges else {})


def _class_overlaps(
    overlaps: Sequence[ImageOverlaps], categories: Iterable[int]
) -> Iterator[tuple[int, dict[str, float | None]]]:
    """Yield each of the ``categories`` with the mean overlaps over its true objects."""
    best, paired = _all(each.best for each in overlaps), _all(each.paired for each in overlaps)
    edges = [each.boundary for each in overlaps if each.boundary is not None]
    boundary = _all(edges) if edges else None
    places = places_by_value(np.concatenate([_NOWHERE, *(each.categories for each in overlaps)]))
    for category in categories:
        mine = places.get(category, _NOWHERE)
        score = overlap_scores(best[mine])
        row = {"best_IoU": score["mean_IoU"], "best_Dice": score["mean_Dice"], "one_to_one_IoU": _mean(paired[mine])}
        yield category, row if boundary is None else row | {"boundary_IoU": _mean(boundary[mine])}


def _confusion(counts: ObjectConfusion, names: list[str]) -> dict[str, Any]:
    pairs = [{"true": true, "predicted": wrong, "count": count} for true, wrong, count in most_confused(counts, names)]
    return confusion_rows(counts, names, input_limit("confusion-classes")) | {"most_confused": pairs}


def _calibration(matches: Matches) -> Mapping[str, Any] | None:
    """Return the calibration scores, or None when the scores are no confidences from 0 to 1."""
    if len(matches.score) and not (matches.score.min() >= 0 and matches.score.max() <= 1):
        return None
    return calibration_scores(reliability(matches.score, matches.right))


def _all(values: Iterable[Any]) -> Any:
    return np.concatenate([np.zeros(0), *values])


def _mean(values: Any) -> float | None:
    return float(values.mean()) if values.size else None
