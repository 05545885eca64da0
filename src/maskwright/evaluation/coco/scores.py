"""The scores of instance results by the official evaluator: 12 numbers for boxes and masks, and AP of each class."""

from collections import Counter
from typing import Any

from maskwright.evaluation.coco.evaluator import PROTOCOL, STATISTICS, class_statistics, evaluated, statistics
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
        if kind in kinds(truth, results):
            evaluation = evaluated(truth.document(kind), results.of(kind), kind)
            scores[kind] = statistics(evaluation)
            by_class = class_statistics(evaluation)
        for category_id, name in labels.items():
            ap, ap50 = by_class.get(category_id, (None, None))
            classes[name] |= {kind: ap, f"{kind}50": ap50}
    return {**scores, "classes": classes, "protocol": PROTOCOL}


def kinds(truth: CocoTruth, results: Results) -> tuple[str, ...]:
    """What can be scored: boxes, and masks where truth and results have them; the last is the kind to look into."""
    return ("bbox", "segm") if truth.have_masks and results.have_masks else ("bbox",)
