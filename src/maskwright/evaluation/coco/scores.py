"""The scores of instance results by the official evaluator: 12 numbers for boxes and masks, and AP of each class."""

from collections import Counter
from typing import Any

from maskwright.evaluation.coco.evaluator import (
    PROTOCOL,
    STATISTICS,
    class_average_precision,
    coco_stats,
    run_coco_eval,
)
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results


def official_scores(truth: CocoTruth, results: Results) -> dict[str, Any]:
    """``{"bbox": {AP, …}, "segm": {AP, …}, "classes": {name: {"instances", "bbox", "bbox50", "segm", "segm50"}}}``.

    None where there is no truth to measure against, and for masks where truth or results have none.
    """
    labels = truth.labels()
    objects = Counter(each["category_id"] for each in truth.annotations if not each["iscrowd"])
    classes: dict[str, dict[str, Any]] = {name: {"instances": objects[i]} for i, name in labels.items()}
    scores: dict[str, Any] = {}
    for kind in ("bbox", "segm"):
        scores[kind] = dict.fromkeys(STATISTICS)
        by_class: dict[int, tuple[float | None, float | None]] = {}
        if kind in scorable_iou_types(truth, results):
            evaluation = run_coco_eval(truth.coco_dataset(kind), results.of(kind), kind)
            scores[kind] = coco_stats(evaluation)
            by_class = class_average_precision(evaluation)
        for category_id, name in labels.items():
            ap, ap50 = by_class.get(category_id, (None, None))
            classes[name] |= {kind: ap, f"{kind}50": ap50}
    return {**scores, "classes": classes, "protocol": PROTOCOL}


def scorable_iou_types(truth: CocoTruth, results: Results) -> tuple[str, ...]:
    """What can be scored: boxes, and masks where truth and results have them; the last is the kind to look into."""
    return ("bbox", "segm") if truth.has_masks and results.has_masks else ("bbox",)
