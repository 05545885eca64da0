"""Faults of crowds: crowd regions that are one object, and crowd regions that stand for a hole in one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.annotations.checks.measurements import AnnotationBatch
from maskwright.annotations.coco.file import UNSTATED_CROWD, CocoAnnotation, CocoFile
from maskwright.annotations.coco.loose_records import json_excerpt
from maskwright.annotations.faults import Fault
from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.structures import Rle

# Share of a crowd region's pixels. A hole lies in its object as a whole, except for the border, which both may lack.
_INSIDE = 0.95

_NOT_IGNORED = (b"0", b"false", b"null")


def crowd_faults(batch: AnnotationBatch) -> Iterator[Fault]:
    """Yield the faults of ``iscrowd`` in ``batch``: missing, not 0 or 1, on polygons, or set as ``ignore`` instead."""
    for position, annotation in enumerate(batch.annotations):
        crowd = annotation.iscrowd
        if crowd is UNSTATED_CROWD:
            yield batch.fault("missing_iscrowd", position, "has no iscrowd")
        elif crowd not in (0, 1):
            yield batch.fault("bad_iscrowd", position, f"has iscrowd {crowd}, neither 0 nor 1; it is used as a crowd")
        if crowd and memoryview(annotation.segmentation)[:1] == b"[" and not np.isnan(batch.areas[position]):
            yield batch.fault("crowd_polygon", position, "is marked as a crowd, but has polygons")
        if not crowd and memoryview(annotation.ignore) not in _NOT_IGNORED:
            yield batch.fault("ignore_flag", position, f"has ignore {json_excerpt(annotation.ignore)} and iscrowd 0")


def crowds_as_holes(coco: CocoFile, bounds: npt.NDArray[np.floating]) -> Iterator[Fault]:
    """Yield a fault for each crowd region that lies in an object of its image and class.

    Some converters write the hole of a mask as an annotation of its own with ``iscrowd`` 1. Every tool then reads a
    crowd in front of a filled object. Models train on the hole as object, and predictions there are not counted.

    ``bounds`` ``(N, 4)`` xyxy are the bounds of what each annotation draws.
    """
    sizes = {image.id: (image.height, image.width) for image in coco.images}
    crowds, objects = _together(coco.annotations)
    for key, candidates in objects.items():
        others = bounds[candidates]
        for position in crowds[key]:
            own = bounds[position]
            around = (others[:, :2] <= own[:2] + 1).all(axis=1) & (others[:, 2:] >= own[2:] - 1).all(axis=1)
            crowd = coco.annotations[position]
            for candidate in np.flatnonzero(around).tolist():
                found = coco.annotations[candidates[candidate]]
                if _share_inside(crowd, found, *sizes[crowd.image_id]) >= _INSIDE:
                    message = f"(image {crowd.image_id}) is a crowd region that lies inside object {found.id}"
                    yield Fault("crowd_as_hole", "annotation", crowd.id, message)
                    break


def _together(
    annotations: Sequence[CocoAnnotation],
) -> tuple[dict[tuple[int, int], list[int]], dict[tuple[int, int], list[int]]]:
    """Return, by image and class, the positions of crowd regions, and those of the objects beside them."""
    crowds: dict[tuple[int, int], list[int]] = defaultdict(list)
    objects: dict[tuple[int, int], list[int]] = defaultdict(list)
    for position, each in enumerate(annotations):
        if each.iscrowd:
            crowds[each.image_id, each.category_id].append(position)
    for position, each in enumerate(annotations if crowds else ()):
        if not each.iscrowd and (each.image_id, each.category_id) in crowds:
            objects[each.image_id, each.category_id].append(position)
    return crowds, objects


def _share_inside(crowd: CocoAnnotation, other: CocoAnnotation, height: int, width: int) -> float:
    """Return the share of the pixels of ``crowd`` that ``other`` covers; 0 when one of them covers none."""
    region, rle = _drawn(crowd, height, width), _drawn(other, height, width)
    if region is None or rle is None:
        return 0.0
    # With iscrowd, IoU is replaced by the share of the first mask that lies in the second.
    return float(coco_mask.iou([region], [rle], [True])[0][0])


def _drawn(annotation: CocoAnnotation, height: int, width: int) -> Rle | None:
    try:
        drawn = rasterise(annotation.segmentation, height, width)
    except BadSegmentation:  # reported by the checks of segmentations
        return None
    return drawn.rle if drawn.area else None
