"""COCO's statistics of all images in one evaluation, which those measured image by image must equal."""

from collections.abc import Sequence
from typing import Any

from maskwright.evaluation.coco.evaluator import IOU_TYPES, objects_by_category, run_coco_eval, summarise
from maskwright.structures import AreaRule, with_masks, without_boxes


def coco_scores(
    truth: dict[str, Any], results: Sequence[dict[str, Any]], area: AreaRule | None = None
) -> dict[str, Any]:
    """The scores of COCO ``results`` by the COCO data set ``truth``; the area rule is pycocotools' or ``mask``."""
    masked = {**truth, "annotations": with_masks(truth["annotations"])}
    by_kind = {"bbox": (truth, results), "segm": (masked, without_boxes(results) if area == "mask" else results)}
    evaluations = ((kind, run_coco_eval(*by_kind[kind], kind)) for kind in IOU_TYPES)
    return summarise(evaluations, truth["categories"], objects_by_category(truth["annotations"]))
