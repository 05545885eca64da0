"""COCO's statistics of all images in one evaluation, which those measured image by image must equal."""

from collections.abc import Sequence
from typing import Any

from maskwright.evaluation.coco.evaluator import IOU_TYPES, objects_by_category, run_coco_eval, summarise


def coco_scores(truth: dict[str, Any], results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The scores of COCO ``results`` by the COCO data set ``truth``."""
    evaluations = ((kind, run_coco_eval(truth, results, kind)) for kind in IOU_TYPES)
    return summarise(evaluations, truth["categories"], objects_by_category(truth["annotations"]))
