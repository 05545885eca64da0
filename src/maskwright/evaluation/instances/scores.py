"""What an instance model reaches on a set of images, each number with what it is on draws of the images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import (
    BootstrapEstimate,
    Weights,
    bootstrap_estimate,
    defined_mean,
    ratio,
    with_original_sample,
)
from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.matching import CityscapesMatches
from maskwright.evaluation.cityscapes.weighted import weighted_precision
from maskwright.evaluation.coco.evaluator import run_coco_eval
from maskwright.evaluation.coco.matches import image_matches
from maskwright.evaluation.coco.weighted import coco_statistics, match_records
from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.per_image import image_overlaps, image_records
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, tide_scores
from maskwright.structures import ResultRecord

MATCH_IOU = 0.5

Row = dict[str, BootstrapEstimate]


@dataclass(frozen=True)
class ScoreEstimates:
    """``overall`` numbers, those of each of ``classes``, and TIDE's ``errors`` by type, which have no draws.

    ``overall``: ``bbox_AP``, ``segm_AP50`` and so on; ``boundary_IoU`` (mean over the objects that are found) and
    ``boundary_IoU_all`` (over all objects, 0 where missed). A class has ``bbox``, ``bbox50``, ``segm``, ``segm50`` and
    ``boundary_IoU``.
    """

    overall: Row
    classes: dict[str, Row]
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)

    def minus(self, other: "ScoreEstimates") -> "ScoreEstimates":
        """Every number less the other's; of TIDE's errors the cost and the rate."""
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
        """``{"overall", "classes", "errors", "objects"}`` with each number as ``{"value", "low", "high"}``."""
        return {
            "overall": _estimates(self.overall, level),
            "classes": {name: _estimates(row, level) for name, row in self.classes.items()},
            "errors": self.errors,
            "objects": dict(self.objects),
        }


def coco_estimates(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], draws: Weights, score: float, boundary: bool = True
) -> ScoreEstimates:
    """The COCO numbers of ``results`` for boxes and masks, boundary IoU, and TIDE's errors of masks.

    ``truth`` is a COCO data set whose masks are RLEs, ``draws`` ``(B, N)`` are of its images in their order. Detections
    of at least ``score`` count for boundary IoU, all for everything else.
    """
    document = dict(truth)
    names = {each["id"]: each["name"] for each in document["categories"]}
    images = [each["id"] for each in document["images"]]
    weights = with_original_sample(draws)
    overall: Row = {}
    classes: dict[str, Row] = {name: {} for name in names.values()}
    objects = [each for each in document["annotations"] if not each["iscrowd"]]
    for kind in ("bbox", "segm"):
        evaluation = run_coco_eval(document, results, kind)
        records = match_records(evaluation, images)
        precision = records.precision(weights)
        overall |= {f"{kind}_{name}": bootstrap_estimate(values) for name, values in coco_statistics(precision).items()}
        for k, category in enumerate(records.categories):
            whole = precision[:, k, 0]
            classes[names[category]] |= {
                kind: bootstrap_estimate(defined_mean(whole, axis=1)),
                f"{kind}50": bootstrap_estimate(whole[:, 0]),
            }
    if boundary:
        summed = _boundary_sums(document, results, list(names), images, score)
        overall |= _boundaries(weights, summed.sum(axis=1), "boundary_IoU_all")
        for k, name in enumerate(names.values()):
            classes[name] |= _boundaries(weights, summed[:, k])
    counts = {name: sum(each["category_id"] == k for each in objects) for k, name in names.items()}
    return ScoreEstimates(overall, classes, _errors(document, results, list(names), len(objects)), counts)


def cityscapes_estimates(matches: Sequence[CityscapesMatches], draws: Weights, shared: Sequence[str]) -> ScoreEstimates:
    """Cityscapes' official AP and AP50, overall, over the ``shared`` classes alone, and of each class.

    ``verdicts`` are of the images that ``draws`` ``(B, N)`` weigh, in their order.
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


def _errors(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], categories: list[int], objects: int
) -> dict[str, dict[str, float]]:
    """TIDE's errors of masks: how many, per hundred ``objects`` too, and what they cost."""
    images: list[DetectionErrors] = []
    for each in image_records(truth, results):
        matched = image_matches(each.image, each.objects, each.found, "segm", IOU)
        images.append(image_errors(each.objects, each.found, matched, "segm", IOU, BACKGROUND_IOU))
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
    """``(N, K, 4)`` by image and class: boundary IoU of found objects, how many, boundary IoU of all, how many.

    An object is found by the detection of its class that overlaps it most, one to one, with an IoU of ``MATCH_IOU``.
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
