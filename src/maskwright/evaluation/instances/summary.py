"""The complete answer to a request for instance scores: COCO scores, details, and the account of all records.

Scoring of files and scoring in memory both call it, so that they cannot disagree.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError, some_of, unknown_name
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.detection_limit import limit_protocol, limited_scores
from maskwright.evaluation.coco.evaluator import AREA_RULES
from maskwright.evaluation.coco.federated import LVIS_PROTOCOL, federated_scores
from maskwright.evaluation.coco.scores import official_scores, scorable_iou_types
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.instances.boundary_ap import PROTOCOL as BOUNDARY_PROTOCOL
from maskwright.evaluation.instances.boundary_ap import boundary_average_precision
from maskwright.evaluation.instances.details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.results.index import ClassIndex
from maskwright.evaluation.results.records import Results
from maskwright.progress import Reporter
from maskwright.structures import AreaRule


@dataclass(frozen=True)
class InstanceScores:
    """The scores of instance results; ``remarks`` name rejected records and other things that a user should know.

    ``details`` is None when only the COCO scores were requested.
    """

    scores: dict[str, Any]
    details: Details | None
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints: without curves, and with the rows of the worst images only."""
        return {**self.scores, "remarks": self.remarks}


@dataclass(frozen=True)
class ResultClasses:
    """The classes of results: ``index`` maps their ids, ``meaning`` describes these, ``source`` names their origin."""

    index: ClassIndex
    meaning: str
    source: Path | str


def summarise_instances(
    truth: CocoTruth,
    found: Results,
    classes: ResultClasses,
    thresholds: Thresholds | None,
    boundary: bool = False,
    reporter: Reporter | None = None,
    area: AreaRule | None = None,
    resampling: Resampling | None = None,
    max_dets: int | None = None,
) -> InstanceScores:
    """Score the results ``found`` against ``truth``.

    ``thresholds`` are those of the details; with None only the COCO scores are computed. For details the segmentations
    of ``truth`` become RLEs in place. ``boundary`` adds boundary IoU to the details, and boundary AP. ``area`` is the
    rule for the size of a detected mask, by default that of pycocotools. ``resampling`` adds bootstrap intervals of the
    COCO scores, and of panoptic quality to the details. ``max_dets`` adds the scores with that limit of detections, and
    LVIS's federated AP is added where ``truth`` has its labels. ``reporter`` shows progress; quiet by default.

    Raises ``UsageError`` for an unknown area rule, and ``DataError`` for more classes or pairs of an object and a
    result than the limits ``scored-classes`` and ``scored-pairs``, or a negative id of an image or a class.
    """
    if area is not None and area not in AREA_RULES:
        raise unknown_name("area rule", area, AREA_RULES)
    truth.require_ids_from_zero()
    scores = official_scores(truth, found, area, resampling)
    details = None
    if thresholds is not None:
        details = _details(truth, found, thresholds, boundary, reporter or Reporter(quiet=True), resampling)
        scores = details.merged_into(scores)
    kinds = scorable_iou_types(truth, found)
    if max_dets is not None:
        limited = {
            kind: limited_scores(truth.coco_dataset(kind), found.of(kind, area), kind, max_dets) for kind in kinds
        }
        scores["max_dets"] = {"limit": max_dets, **limited, "protocol": limit_protocol(max_dets)}
    if truth.federated is not None:
        scores["lvis"] = {
            kind: federated_scores(truth.coco_dataset(kind), truth.federated, found.of(kind, area), kind)
            for kind in kinds
        } | {"protocol": LVIS_PROTOCOL}
    if boundary and "segm" in kinds:
        truth.draw_masks()
        records = found.of("segm", area)
        values, intervals = boundary_average_precision(truth.coco_dataset("segm"), records, resampling)
        scores["boundary"] = {**values, "protocol": BOUNDARY_PROTOCOL}
        if resampling is not None:
            scores["intervals"]["boundary"] = intervals
    scores["results"] = _account(found, classes)
    scores["truth"] = truth.audit.to_json() | truth.incomplete.to_json()
    remarks = [*truth.lines(), *_on_results(found), *_unknown_classes(truth, classes)]
    if truth.federated is not None:
        remarks.append(
            f"{truth.path}: is of LVIS, whose images are searched for some classes only. COCO's scores count right "
            "detections of the other classes as wrong; take those under lvis."
        )
    if area is None and scores["area"] == "box":
        remarks.append(
            f"{found.path}: APs, APm and APl of masks go by box area, as in pycocotools, since the results have boxes; "
            "with --area mask they go by mask area, as in Detectron2 and in runs."
        )
    return InstanceScores(scores, details, remarks)


def require_thresholds(thresholds: Thresholds) -> None:
    """Raise ``UsageError`` when a threshold of the details is out of range: score 0..1, IoU above 0 and at most 1."""
    if not 0 <= thresholds.score <= 1:
        raise UsageError(f"--score {thresholds.score}: expected a number from 0 to 1.")
    if not 0 < thresholds.iou <= 1:
        raise UsageError(f"--iou {thresholds.iou}: expected a number above 0, at most 1.")


def _details(
    truth: CocoTruth,
    found: Results,
    thresholds: Thresholds,
    boundary: bool,
    reporter: Reporter,
    resampling: Resampling | None,
) -> Details:
    truth.draw_masks()
    kind = scorable_iou_types(truth, found)[-1]
    records = found.of(kind) if kind == "segm" else found.with_boxes()
    gathering = InstanceDetails(truth.labels(), kind, thresholds, boundary, resampling)
    for image in reporter.track(image_records(truth.coco_dataset(kind), records), "overlaps", len(truth.images)):
        gathering.add(image)
    return gathering.result()


def _account(results: Results, classes: ResultClasses) -> dict[str, Any]:
    return {
        "found": results.found,
        "used": len(results.records),
        "left_out": results.rejected.to_json(),
        "category_ids": classes.meaning,
    }


def _on_results(results: Results) -> list[str]:
    remarks = results.rejected.lines(str(results.path))
    if not results.has_masks:
        remarks.append(f"{results.path}: the results have no mask; only boxes are scored.")
    elif results.without_mask:
        count = results.without_mask
        have, they_count = ("record has", "it counts") if count == 1 else ("records have", "they count")
        remarks.append(f"{results.path}: {count} {have} no mask; {they_count} for boxes only.")
    return remarks


def _unknown_classes(truth: CocoTruth, classes: ResultClasses) -> list[str]:
    known = set(classes.index.categories.values())
    unknown = [name for category_id, name in truth.names.items() if category_id not in known]
    if not unknown:
        return []
    some = some_of(unknown, 5)
    return [
        f"{classes.source}: lacks {len(unknown)} of the truth's {len(truth.names)} classes ({some}); their objects "
        "count as missed. Choose the classes to score with --classes."
    ]
