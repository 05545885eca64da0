"""Repairs of boxes and areas: the mask's own where the file's are missing, impossible, or of something else."""

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
    """Mend the boxes and areas of edits, given as read, with the codes of what could not be read of them."""
    batch = measure_annotations([annotation for _, annotation, _ in annotations], sizes)
    positions = {annotation.id: position for position, (_, annotation, _) in enumerate(annotations)}
    mended = set()
    for fault in box_faults(batch):
        position = positions[fault.record]
        box = mask_box(batch, position)
        if box is not None and position not in mended:
            mended.add(position)
            edit, _, unread = annotations[position]
            edit.set("bbox", box, "bad_box" if "bad_box" in unread else fault.code)
    for fault in area_faults(batch):
        position = positions[fault.record]
        if fault.code != "area_disagrees" and not np.isnan(batch.areas[position]):
            edit, annotation, unread = annotations[position]
            drawn = rasterise(annotation.segmentation, *sizes[annotation.image_id])
            edit.set("area", drawn.area, "bad_area" if "bad_area" in unread else fault.code)


def mask_box(batch: AnnotationBatch, position: int) -> list[float] | None:
    """``[x, y, width, height]`` of what an annotation draws inside its image, to hundredths of a pixel as in COCO.

    Of polygons the box of their coordinates, of an RLE that of its pixels. None where nothing has both sides.
    """
    height, width = batch.sizes[position].tolist()
    if np.isnan(batch.bounds[position]).any():
        return None
    left, top, right, bottom = np.clip(batch.bounds[position], 0, [width, height, width, height]).tolist()
    box = [round(value, 2) for value in (left, top, right - left, bottom - top)]
    return box if min(box[2:]) > 0 else None
