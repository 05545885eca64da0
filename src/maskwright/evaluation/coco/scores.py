"""The COCO scores of instance results: 12 statistics for boxes and masks, and the AP of each class."""

from collections import Counter
from typing import Any

from maskwright.errors import DataError
from maskwright.evaluation.bootstrap import Resampling, require_sampled_classes, require_sampled_images
from maskwright.evaluation.coco.estimates import coco_intervals
from maskwright.evaluation.coco.evaluator import (
    STATISTICS,
    occurring_categories,
    protocol,
    run_coco_eval,
)
from maskwright.evaluation.coco.matcher import match_records
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.coco.weighted import MatchRecords
from maskwright.evaluation.results.records import Results
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import AreaRule


def official_scores(
    truth: CocoTruth, results: Results, area: AreaRule | None = None, resampling: Resampling | None = None
) -> dict[str, Any]:
    """Compute the COCO statistics of ``results``, by IoU type and by class.

    Returns ``{"bbox": {"AP", …}, "segm": {"AP", …}, "classes": {name: {"instances", "bbox", "bbox50", "segm",
    "segm50"}}, "area", "protocol"}``. A score is None where there is no truth to measure against. Masks have None
    throughout when the truth or the results have none. ``resampling`` adds ``intervals``, see
    :func:`~maskwright.evaluation.coco.estimates.coco_intervals`; the segmentations of ``truth`` then become RLEs.

    Raises ``DataError`` when more classes occur than the limit ``scored-classes``, and for more pairs of an
    object and a result on an image than the limit ``scored-pairs``; with ``resampling`` also for more classes or images
    than the limits ``resampled-classes`` and ``resampled-images``.

    The size of a detected mask is measured by ``area``, by default as pycocotools does. The rule that was used is in
    the scores, None where no mask is scored. The size of a detected box is measured as pycocotools does.
    """
    kinds = scorable_iou_types(truth, results)
    occurring = {each["category_id"] for each in (*truth.annotations, *results.records)}
    if len(occurring) > input_limit("scored-classes"):
        raise DataError(
            f"{truth.path}: {len(occurring):,} classes have objects or results; {beyond_limit('scored-classes')}; or "
            "choose some with --classes."
        )
    if resampling is not None:
        require_sampled_classes(truth.path, len(occurring))
        require_sampled_images(len(truth.images), resampling.samples)
    used = (area or results.area_rule) if "segm" in kinds else None
    labels = truth.labels()
    objects = Counter(each["category_id"] for each in truth.annotations if not each["iscrowd"])
    classes: dict[str, dict[str, Any]] = {name: {"instances": objects[i]} for i, name in labels.items()}
    there = Counter(each["image_id"] for each in truth.annotations)
    for image, found_there in Counter(each["image_id"] for each in results.records).items():
        if found_there * there[image] > input_limit("scored-pairs"):
            raise DataError(
                f"{results.path}: {found_there:,} results on image {image} with {there[image]:,} objects; "
                f"{beyond_limit('scored-pairs')}; or leave out results of low score."
            )
    scores: dict[str, Any] = {}
    for kind in ("bbox", "segm"):
        scores[kind] = dict.fromkeys(STATISTICS)
        by_class: dict[int, tuple[float | None, float | None]] = {}
        if kind in kinds:
            found = run_coco_eval(truth.coco_dataset(kind), results.of(kind, area), kind)
            scores[kind], by_class = found.statistics, found.classes
        for category_id, name in labels.items():
            ap, ap50 = by_class.get(category_id, (None, None))
            classes[name] |= {kind: ap, f"{kind}50": ap50}
    scores |= {"classes": classes, "area": used, "protocol": protocol(used)}
    if resampling is not None:
        truth.draw_masks()
        records = ((kind, _occurring_records(truth, results, kind, area, occurring)) for kind in kinds)
        scores["intervals"] = coco_intervals(records, len(truth.images), labels, resampling)
    return scores


def _occurring_records(
    truth: CocoTruth, results: Results, kind: str, area: AreaRule | None, occurring: set[int]
) -> MatchRecords:
    """Return the matches of the classes that occur; each of the others would take arrays of all images and samples."""
    document = truth.coco_dataset(kind)
    document["categories"] = occurring_categories(document["categories"], occurring)
    return match_records(document, results.of(kind, area), kind)


def scorable_iou_types(truth: CocoTruth, results: Results) -> tuple[str, ...]:
    """Return the IoU types that can be scored: ``bbox``, and ``segm`` when both truth and results have masks.

    The last one is the type that the details use.
    """
    return ("bbox", "segm") if truth.has_masks and results.has_masks else ("bbox",)
