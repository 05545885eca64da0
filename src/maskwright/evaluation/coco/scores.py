"""The COCO scores of instance results: 12 statistics for boxes and masks, and the AP of each class."""

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
    """Compute the COCO statistics of ``results``, by IoU type and by class.

    Returns ``{"bbox": {"AP", …}, "segm": {"AP", …}, "classes": {name: {"instances", "bbox", "bbox50", "segm",
    "segm50"}}, "protocol"}``. A score is None where there is no truth to measure against. Masks have None throughout
    when the truth or the results have none.
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
    """Return the IoU types that can be scored: ``bbox``, and ``segm`` when both truth and results have masks.

    The last one is the type that the details use.
    """
    return ("bbox", "segm") if truth.has_masks and results.has_masks else ("bbox",)
