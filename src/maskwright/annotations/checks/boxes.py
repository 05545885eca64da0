"""Faults of boxes and areas, found mainly by comparison with the segmentation."""

import math
from collections.abc import Iterator, Set

import numpy as np
import numpy.typing as npt

from maskwright.annotations.checks.measurements import AnnotationBatch
from maskwright.annotations.coco.file import CocoAnnotation
from maskwright.annotations.faults import Fault

Floats = npt.NDArray[np.float64]

# Pixels. COCO's boxes end at the border; boxes of tools that count pixels from 1 end one pixel further.
_BEYOND_BORDER = 1.0

# A box disagrees when a side is off by over 5 pixels and by over a fifth of the longer side. Real COCO files are off by
# a pixel at most, and polygons traced anew from their masks, as FiftyOne exports them, by 3.5 pixels in 99 % and by 8.4
# in 99.9 %; the rule finds only objects of which a part is missing (0.1 %), and boxes written as xyxy.
_OFF_PIXELS, _OFF_SHARE = 5.0, 0.2

# An area disagrees when it differs from the mask's by over a factor of 2 and by more than a rim of 2 pixels around it.
_OFF_FACTOR, _RIM = 2.0, 2.0


def box_faults(batch: AnnotationBatch, known: Set[tuple[str, int]] = frozenset()) -> Iterator[Fault]:
    """Yield the faults of the boxes of ``batch``, of each code in file order.

    ``known`` are pairs of code and annotation id of faults found while reading, so that a box that could not be read is
    not also reported as missing.
    """
    rows = []
    for position, annotation in enumerate(batch.annotations):
        box = annotation.bbox
        if box is not None and len(box) == 4:
            rows.append((position, *box))
        elif box is None:
            if ("bad_box", annotation.id) not in known:
                yield batch.fault("missing_box", position, "has no bbox")
        else:
            yield batch.fault("bad_box", position, f"has bbox {_written(box)}, of {len(box)} numbers")
    if rows:
        table = np.array(rows, np.float64)
        yield from _wrong_boxes(batch, table[:, 0].astype(np.int64), table[:, 1:])


def _wrong_boxes(batch: AnnotationBatch, positions: npt.NDArray[np.int64], boxes: Floats) -> Iterator[Fault]:
    sides, limits = boxes[:, 2:], batch.sizes[positions][:, ::-1]
    with np.errstate(over="ignore"):
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + sides], axis=1)
    negative, zero = sides.min(axis=1) < 0, np.abs(sides).min(axis=1) == 0
    outside = np.maximum(-corners[:, :2], corners[:, 2:] - limits).max(axis=1) > _BEYOND_BORDER
    off = _distance(batch, positions, corners)
    drawn = batch.bounds[positions]
    longer = np.fmax(sides.max(axis=1), (drawn[:, 2:] - drawn[:, :2]).max(axis=1))
    disagrees = (off > _OFF_PIXELS) & (off > _OFF_SHARE * longer)
    for row in np.flatnonzero(negative | zero | outside | disagrees).tolist():
        position, written = int(positions[row]), f"has bbox {_written(boxes[row])}"
        if negative[row]:
            yield batch.fault("negative_box", position, f"{written}, with a negative side")
            continue
        if zero[row]:
            yield batch.fault("zero_box", position, f"{written}, with a side of zero")
            continue
        if outside[row]:
            width, height = limits[row].tolist()
            yield batch.fault("outside_box", position, f"{written}, which leaves its image of {width}×{height}")
        if disagrees[row]:
            x, y, right, bottom = drawn[row]
            mask = _written((x, y, right - x, bottom - y))
            yield batch.fault("box_disagrees", position, f"{written}, but its mask lies in {mask}")


def _distance(batch: AnnotationBatch, positions: npt.NDArray[np.int64], corners: Floats) -> Floats:
    """Return how many pixels each box ``(N, 4)`` xyxy is off the box of its mask; NaN without a mask.

    This is the largest distance of the four sides, from the mask's box as a whole or from its part inside the image,
    whichever is smaller.
    """
    drawn = batch.bounds[positions]
    inside = np.clip(drawn, 0, np.tile(batch.sizes[positions][:, ::-1], 2))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.minimum(np.abs(corners - drawn).max(axis=1), np.abs(corners - inside).max(axis=1))


def area_faults(batch: AnnotationBatch, known: Set[tuple[str, int]] = frozenset()) -> Iterator[Fault]:
    """Yield the faults of the ``area`` of the annotations of ``batch``; ``known`` as in :func:`box_faults`."""
    areas = np.array([np.nan if each.area is None else each.area for each in batch.annotations], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(areas - batch.areas) > _RIM * batch.lengths
        off &= np.maximum(areas, batch.areas) > _OFF_FACTOR * np.minimum(areas, batch.areas)
    off &= (batch.areas > 0) & _inside(batch)
    for position in np.flatnonzero(np.isnan(areas) | (areas < 0) | off).tolist():
        annotation = batch.annotations[position]
        if annotation.area is None:
            if ("bad_area", annotation.id) not in known:
                yield batch.fault("missing_area", position, "has no area")
        elif annotation.area < 0:
            yield batch.fault("bad_area", position, f"has area {annotation.area:.6g}")
        else:
            of_box = ", that of its box" if _is_area_of_box(annotation) else ""
            found = f"has area {annotation.area:.6g}{of_box}; its mask covers about {batch.areas[position]:.6g} pixels"
            yield batch.fault("area_disagrees", position, found)


def _inside(batch: AnnotationBatch) -> npt.NDArray[np.bool_]:
    """Return which annotations ``(N,)`` draw inside their image alone, so that their area is that of their mask."""
    limits = np.tile(batch.sizes[:, ::-1], 2)
    return np.isfinite(batch.areas) & (np.abs(np.clip(batch.bounds, 0, limits) - batch.bounds).max(axis=1) < 1)


def _is_area_of_box(annotation: CocoAnnotation) -> bool:
    box, area = annotation.bbox, annotation.area
    return box is not None and len(box) == 4 and area is not None and math.isclose(box[2] * box[3], area, rel_tol=1e-3)


def _written(box: npt.ArrayLike) -> str:
    return f"[{', '.join(f'{value:.6g}' for value in np.asarray(box, np.float64).tolist())}]"
