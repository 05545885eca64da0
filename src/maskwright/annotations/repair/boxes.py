"""Repairs of boxes and areas, which are taken from the mask.

A box is replaced when it is missing, invalid or disagrees with the mask, an area when it is missing or invalid.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from maskwright.annotations.checks.boxes import area_faults, box_faults
from maskwright.annotations.checks.measurements import AnnotationBatch, measure_annotations
from maskwright.annotations.coco.file import CocoAnnotation
from maskwright.annotations.repair.edit import Edit
from maskwright.masks.rle import rasterise


def repair_boxes(
    annotations: Sequence[tuple[Edit, CocoAnnotation, set[str]]], sizes: Mapping[int, tuple[int, int]]
) -> None:
    """Repair the boxes and areas of edits.

    Each edit comes with its annotation as it is read, and with the fault codes of the fields that could not be read.
    """
    batch = measure_annotations([annotation for _, annotation, _ in annotations], sizes)
    positions = {annotation.id: position for position, (_, annotation, _) in enumerate(annotations)}
    repaired = set()
    for fault in box_faults(batch):
        position = positions[fault.record]
        box = mask_box(batch, position)
        if box is not None and position not in repaired:
            repaired.add(position)
            edit, _, unread = annotations[position]
            edit.set("bbox", box, "bad_box" if "bad_box" in unread else fault.code)
    for fault in area_faults(batch):
        position = positions[fault.record]
        if fault.code != "area_disagrees" and not np.isnan(batch.areas[position]):
            edit, annotation, unread = annotations[position]
            drawn = rasterise(annotation.segmentation, *sizes[annotation.image_id])
            edit.set("area", drawn.area, "bad_area" if "bad_area" in unread else fault.code)


def mask_box(batch: AnnotationBatch, position: int) -> list[float] | None:
    """Return the xywh box in pixels of what an annotation draws inside its image, rounded to 0.01 as in COCO.

    For polygons this is the box of their coordinates, for an RLE that of its pixels. None when the width or the height
    is 0.
    """
    height, width = batch.sizes[position].tolist()
    if np.isnan(batch.bounds[position]).any():
        return None
    left, top, right, bottom = np.clip(batch.bounds[position], 0, [width, height, width, height]).tolist()
    box = [round(value, 2) for value in (left, top, right - left, bottom - top)]
    return box if min(box[2:]) > 0 else None
