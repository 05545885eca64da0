"""NumPy value types that all rooms share, and the legend of the shapes in docstrings.

Legend: ``B`` batch, ``C`` channels, ``K`` classes without background, ``N`` instances, ``H`` ``W`` height and width.
Images are ``(H, W, 3)`` uint8 RGB. Boxes are xyxy pixels, half-open. A label map is ``(H, W)`` uint8, or uint16 when
``K > 254``: 0 is background, 1..K are the classes, and the largest value of the dtype (255 or 65535) is ignored. An RLE
is COCO's compressed form ``{"size": [H, W], "counts": bytes}``.
"""

from maskwright.structures.class_table import BACKGROUND, IGNORED_COLOR, ClassInfo, ClassTable, normalise_name
from maskwright.structures.coco_records import (
    ImageRecord,
    Record,
    ResultRecord,
    Rle,
    TruthRecord,
    as_json,
    with_masks,
    without_boxes,
)
from maskwright.structures.instances import Instances, mask_boxes
from maskwright.structures.named_types import AreaRule, CrowdRule, LabelMap, OverlapRule, RiderRule, Task
from maskwright.structures.panoptic_map import PanopticMap, PanopticSegment, SegmentIds

__all__ = [
    "BACKGROUND",
    "IGNORED_COLOR",
    "AreaRule",
    "ClassInfo",
    "ClassTable",
    "CrowdRule",
    "Instances",
    "LabelMap",
    "OverlapRule",
    "PanopticMap",
    "PanopticSegment",
    "RiderRule",
    "ImageRecord",
    "Record",
    "ResultRecord",
    "Rle",
    "SegmentIds",
    "TruthRecord",
    "as_json",
    "Task",
    "mask_boxes",
    "normalise_name",
    "with_masks",
    "without_boxes",
]
