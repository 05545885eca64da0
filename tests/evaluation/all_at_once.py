"""COCO's statistics of all images in one evaluation, which those measured image by image must equal."""

from collections.abc import Sequence
from typing import Any

from maskwright.evaluation.coco.evaluator import KINDS, evaluated, objects_by_category, summary


def coco_scores(truth: dict[str, Any], results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The scores of COCO ``results`` by the COCO data set ``truth``."""
    evaluations = ((kind, evaluated(truth, results, kind)) for kind in KINDS)
    return summary(evaluations, truth["categories"], objects_by_category(truth["annotations"]))
