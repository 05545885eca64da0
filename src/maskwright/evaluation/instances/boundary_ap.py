"""Boundary AP: COCO's AP whose overlap of two masks is the smaller of their IoU and their boundary IoU.

Source: B. Cheng, R. Girshick, P. Dollár, A. C. Berg, A. Kirillov, "Boundary IoU: Improving Object-Centric Image
Segmentation Evaluation", CVPR 2021, and the authors' ``boundary_iou_api``. The overlap with a crowd is that of masks.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.evaluation.bootstrap import Resampling, score_intervals
from maskwright.evaluation.coco.estimates import average_precision_estimates
from maskwright.evaluation.coco.matcher import Overlaps, grouped_records, image_cells, overlap_records
from maskwright.evaluation.coco.weighted import MatchRecords
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.evaluation.semantic.boundary import boundary, boundary_width
from maskwright.masks.cropped import crop_masks
from maskwright.structures import ResultRecord, Rle, TruthRecord

PROTOCOL = (
    "boundary AP: as mask AP, where the overlap of two masks is the smaller of their IoU and their boundary IoU (of "
    "the pixels within 2 % of the image's diagonal of an edge); comparable with numbers of boundary_iou_api"
)


def boundary_average_precision(
    truth: Mapping[str, Any], results: Sequence[ResultRecord], resampling: Resampling | None = None
) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    """Return boundary ``AP AP50 AP75 APs APm APl`` of ``results``, and their intervals by ``resampling``.

    ``truth`` is a COCO data set. All masks are RLEs. Without ``resampling`` the intervals have no bounds.
    """
    images = len(truth["images"])
    draws = (resampling or Resampling(samples=0)).weights(images)
    estimates = average_precision_estimates(boundary_records(truth, results), draws).overall
    level = resampling.level if resampling else 0.95
    return {name: each.value for name, each in estimates.items()}, score_intervals(estimates, level)


def boundary_records(truth: Mapping[str, Any], results: Sequence[ResultRecord]) -> MatchRecords:
    """Match the masks of ``results`` with the COCO data set ``truth`` for boundary AP; all have RLEs.

    Images are in the order of ``truth``.
    """
    sizes = {image["id"]: (image["height"], image["width"]) for image in truth["images"]}
    cells: list[Overlaps] = []
    for objects, found in grouped_records(truth["annotations"], results):
        size = sizes[(objects or found)[0]["image_id"]]
        cells += image_cells(objects, found, "segm", partial(_smaller_iou, size=size))
    return overlap_records(cells, [each["id"] for each in truth["categories"]], list(sizes))


def _smaller_iou(
    found: Sequence[ResultRecord], objects: Sequence[TruthRecord], crowd: Sequence[bool], size: tuple[int, int]
) -> npt.NDArray[np.float64]:
    masks = pairwise_iou(found, objects, "segm", crowd)
    edges = pairwise_iou(_edges(found, size), _edges(objects, size), "segm", crowd)
    return np.where(crowd, masks, np.minimum(masks, edges))


def _edges(records: Sequence[Any], size: tuple[int, int]) -> list[Any]:
    """Return the ``records`` with the boundary of each mask in place of the mask."""
    width, changed = boundary_width(size), []
    for each, cropped in zip(records, crop_masks([each["segmentation"] for each in records]), strict=True):
        canvas = np.zeros(size, np.uint8, order="F")
        canvas[cropped.box] = boundary(cropped.mask, width)
        changed.append({**each, "segmentation": cast(Rle, coco_mask.encode(canvas))})
    return changed
