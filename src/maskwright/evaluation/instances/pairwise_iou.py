"""The IoU of every detection with every object of an image, by masks or by boxes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.structures import ResultRecord, TruthRecord, as_json


def pairwise_iou(
    found: Sequence[ResultRecord], objects: Sequence[TruthRecord], iou_type: str, crowd: Sequence[bool]
) -> npt.NDArray[np.float64]:
    """Return the IoU ``(N, T)`` of N results with T objects, for ``iou_type`` ``segm`` or ``bbox``.

    For an object that is a ``crowd`` ``(T,)`` bool it is COCO's crowd IoU: the intersection over the area of the
    result. Masks are RLEs, boxes xywh pixels.
    """
    if not found or not objects:
        return np.zeros((len(found), len(objects)))
    key = "segmentation" if iou_type == "segm" else "bbox"
    shapes, others = [each[key] for each in as_json(found)], [each[key] for each in as_json(objects)]
    return np.asarray(coco_mask.iou(shapes, others, list(crowd)))
