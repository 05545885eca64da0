"""Instance scores of a set of images with bootstrap intervals over images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import (
    BootstrapEstimate,
    Resampling,
    Weights,
    bootstrap_estimate,
    defined_mean,
    ratio,
    with_original_sample,
)
from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.matching import CityscapesMatches
from maskwright.evaluation.cityscapes.weighted import weighted_precision
from maskwright.evaluation.coco.estimates import average_precision_estimates
from maskwright.evaluation.coco.matcher import match_records
from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.per_image import image_overlaps, image_records
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, tide_scores
from maskwright.structures import ResultRecord, with_masks, without_boxes

MATCH_IOU = 0.5

Row = dict[str, BootstrapEstimate]


@dataclass(frozen=True)
class ScoreEstimates:
    """Estimates ``overall`` and of each of the ``classes``, and the TIDE ``errors`` by type, which have no replicates.

    ``overall`` of :func:`coco_estimates` has ``bbox_AP``, ``segm_AP50`` and so on, ``boundary_IoU`` (mean over the
    objects that are found) and ``boundary_IoU_all`` (over all objects, 0 where missed). Its classes have ``bbox``,
    ``bbox50``, ``segm``, ``segm50`` and ``boundary_IoU``. :func:`cityscapes_estimates` has ``AP`` and ``AP50``,
    ``overall`` also ``shared_AP`` and ``shared_AP50``. ``objects`` counts the true objects of each class.
    """

    overall: Row
    classes: dict[str, Row]
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)

    def minus(self, other: "ScoreEstimates") -> "ScoreEstimates":
        """Return each estimate minus the ``other``'s, for the names that both have; of TIDE's errors dAP and rate."""
        errors = {
            kind: {key: row[key] - other.errors[kind][key] for key in ("dAP", "per_100_objects")}
            for kind, row in self.errors.items()
            if kind in other.errors
        }
        return ScoreEstimates(
            _minus(self.overall, other.overall),
            {name: _minus(row, other.classes[name]) for name, row in self.classes.items() if name in other.classes},
            errors,
        )

    def to_json(self, level: float) -> dict[str, Any]:
        """Return ``{"overall", "classes", "errors", "objects"}``, estimates as their intervals at ``level`` (0..1)."""
        return {
            "overall": _estimates(self.overall, level),
            "classes": {name: _estimates(row, level) for name, row in self.classes.items()},
            "errors": self.errors,
            "objects": dict(self.objects),
        }


def coco_estimates(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], draws: Weights, score: float, boundary: bool = True
) -> ScoreEstimates:
    """Compute the COCO scores of ``results`` for boxes and masks, boundary IoU, and the TIDE errors of masks.

    ``truth`` is a COCO data set whose masks are RLEs. Objects without a mask count for boxes only. The size of a
    detected mask is its own area, as in Detectron2. ``draws`` ``(B, N)`` are bootstrap weights of the images of
    ``truth`` in their order. Boundary IoU uses the detections of at least ``score``, everything else all detections.
    Without ``boundary`` boundary IoU is skipped.
    """
    document = dict(truth)
    masked = {**document, "annotations": with_masks(document["annotations"])}
    scored = {"bbox": (document, results), "segm": (masked, without_boxes(results))}
    names = {each["id"]: each["name"] for each in document["categories"]}
    images = [each["id"] for each in document["images"]]
    overall: Row = {}
    classes: dict[str, Row] = {name: {} for name in names.values()}
    objects = [each for each in document["annotations"] if not each["iscrowd"]]
    for kind, (true, found) in scored.items():
        estimates = average_precision_estimates(match_records(true, found, kind), draws)
        overall |= {f"{kind}_{name}": estimate for name, estimate in estimates.overall.items()}
        for category, row in estimates.classes.items():
            classes[names[category]] |= {kind: row["AP"], f"{kind}50": row["AP50"]}
    if boundary:
        weights = with_original_sample(draws)
        summed = _boundary_sums(masked, results, list(names), images, score)
        overall |= _boundaries(weights, summed.sum(axis=1), "boundary_IoU_all")
        for k, name in enumerate(names.values()):
            classes[name] |= _boundaries(weights, summed[:, k])
    counts = {name: sum(each["category_id"] == k for each in objects) for k, name in names.items()}
    return ScoreEstimates(overall, classes, _errors(masked, results, list(names)), counts)


def cityscapes_estimates(matches: Sequence[CityscapesMatches], draws: Weights, shared: Sequence[str]) -> ScoreEstimates:
    """Compute Cityscapes' official AP and AP50: overall, over the ``shared`` classes alone, and of each class.

    ``draws`` ``(B, N)`` are bootstrap weights of the images of ``matches``, in their order.
    """
    official = instance_scores(matches)
    precision = weighted_precision(matches, with_original_sample(draws))
    names = list(official["classes"])
    mine = [names.index(name) for name in shared if name in names]
    overall = {
        "AP": bootstrap_estimate(defined_mean(precision, axis=(1, 2))),
        "AP50": bootstrap_estimate(defined_mean(precision[:, :, 0], axis=1)),
        "shared_AP": bootstrap_estimate(defined_mean(precision[:, mine], axis=(1, 2))),
        "shared_AP50": bootstrap_estimate(defined_mean(precision[:, mine, 0], axis=1)),
    }
    classes = {
        name: {
            "AP": bootstrap_estimate(defined_mean(precision[:, c], axis=1)),
            "AP50": bootstrap_estimate(precision[:, c, 0]),
        }
        for c, name in enumerate(names)
    }
    return ScoreEstimates(overall, classes, {}, {name: row["objects"] for name, row in official["classes"].items()})


def cityscapes_intervals(matches: Sequence[CityscapesMatches], resampling: Resampling) -> dict[str, Any]:
    """Compute the intervals of Cityscapes' official AP and AP50, overall and of each class.

    Returns ``{"level", "samples", "seed", "images", "AP": {"value", "low", "high"}, "AP50", "classes": {name: {"AP",
    "AP50"}}}``.
    """
    found = cityscapes_estimates(matches, resampling.weights(len(matches)), []).to_json(resampling.level)
    overall = {name: found["overall"][name] for name in ("AP", "AP50")}
    return {**resampling.to_json(len(matches)), **overall, "classes": found["classes"]}


def _errors(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], categories: list[int]
) -> dict[str, dict[str, float]]:
    """Return the count, the rate per hundred objects and the dAP of each of TIDE's errors, for masks."""
    objects = sum(not each["iscrowd"] for each in truth["annotations"])
    images = [
        image_errors(each.objects, each.found, "segm", IOU, BACKGROUND_IOU) for each in image_records(truth, results)
    ]
    found = tide_scores(DetectionErrors.merged(images), categories)
    return {
        kind: {
            "count": row["count"],
            "dAP": row["dAP"],
            "per_100_objects": 100 * row["count"] / objects if objects else 0.0,
        }
        for kind, row in found["errors"].items()
    }


def _boundary_sums(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], categories: list[int], images: list[int], score: float
) -> npt.NDArray[np.float64]:
    """Return ``(N, K, 4)`` by image and class: sum of boundary IoU and count, of the found objects and of all objects.

    An object is found when its one-to-one match, a detection of its class, has an IoU of at least ``MATCH_IOU``.
    """
    sums = np.zeros((len(images), len(categories), 4))
    place = {image: position for position, image in enumerate(images)}
    column = {category: position for position, category in enumerate(categories)}
    for records in image_records(truth, results, score):
        overlaps = image_overlaps(records, "segm", boundary=True)
        assert overlaps.boundary is not None
        found = overlaps.paired >= MATCH_IOU
        values = np.stack([overlaps.boundary * found, found, overlaps.boundary, np.ones(len(found))], axis=1)
        columns = [column[int(category)] for category in overlaps.categories]
        np.add.at(sums[place[overlaps.image]], columns, values)
    return sums


def _boundaries(weights: Weights, sums: npt.NDArray[np.float64], everything: str | None = None) -> Row:
    found, count, whole, objects = (weights @ sums).T
    row = {"boundary_IoU": bootstrap_estimate(ratio(found, count))}
    return row | ({everything: bootstrap_estimate(ratio(whole, objects))} if everything else {})


def _minus(mine: Row, other: Row) -> Row:
    return {key: value.minus(other[key]) for key, value in mine.items() if key in other}


def _estimates(row: Row, level: float) -> dict[str, Any]:
    return {key: value.interval(level) for key, value in row.items()}
