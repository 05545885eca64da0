"""Faults of segmentations: those that cannot be drawn, draw nothing, or look wrong."""

from collections.abc import Iterator

import numpy as np

from maskwright.annotations.checks.measurements import AnnotationBatch
from maskwright.annotations.faults import Fault
from maskwright.masks.outlines import straight
from maskwright.masks.rle import rasterise

# Pixels. COCO's own polygons end at the border; some tools count pixels from 1 and end one further.
_BEYOND_BORDER = 1.0

# A traced contour has a point every pixel, or every half. COCO's polygons have up to about a thousand points.
_MANY_POINTS, _POINTS_PER_PIXEL = 1000, 2.0


def segmentation_faults(batch: AnnotationBatch) -> Iterator[Fault]:
    """Yield the faults of the segmentations of ``batch``, of each code in file order."""
    yield from (fault for _, fault in batch.faults)
    yield from _outside(batch)
    yield from _dense(batch)
    yield from _empty_or_crossing(batch)


def _outside(batch: AnnotationBatch) -> Iterator[Fault]:
    bounds, limits = batch.outlines.bounds, batch.sizes[batch.owners][:, ::-1]
    beyond = np.maximum(-bounds[:, :2], bounds[:, 2:] - limits).max(axis=1, initial=0)
    furthest: dict[int, float] = {}
    for part in np.flatnonzero(beyond > _BEYOND_BORDER).tolist():
        position = int(batch.owners[part])
        furthest[position] = max(furthest.get(position, 0), float(beyond[part]))
    for position, distance in furthest.items():
        height, width = batch.sizes[position]
        found = f"has a polygon that reaches {distance:.4g} pixels out of its image of {width}×{height}"
        yield batch.fault("outside_polygon", position, found)


def _dense(batch: AnnotationBatch) -> Iterator[Fault]:
    points, lengths = batch.outlines.points, batch.outlines.lengths
    seen = -1
    for part in np.flatnonzero((points > _MANY_POINTS) & (points > _POINTS_PER_PIXEL * lengths)).tolist():
        position = int(batch.owners[part])
        if position != seen:
            seen = position
            found = f"has a polygon of {points[part]} points on an outline of {lengths[part]:.4g} pixels"
            yield batch.fault("dense_polygon", position, found)


def _empty_or_crossing(batch: AnnotationBatch) -> Iterator[Fault]:
    """Yield faults for segmentations that cover no pixel and for polygons that cross themselves.

    Rasterised are only polygons that may cover no pixel: less than a pixel wide on average, or off their image.
    """
    limits = batch.sizes[:, ::-1]
    inside = np.minimum(batch.bounds[:, 2:], limits) - np.maximum(batch.bounds[:, :2], 0)
    with np.errstate(invalid="ignore"):
        doubtful = (2 * batch.areas < batch.lengths) | (inside < 1).any(axis=1) | (batch.areas == 0)
    for position in np.flatnonzero(doubtful).tolist():
        area = pixels = batch.areas[position]
        if position in batch.polygons:
            pixels = rasterise(batch.annotations[position].segmentation, *batch.sizes[position].tolist()).area
        if pixels == 0:
            yield _without_pixels(batch, position)
        # A simple outline covers what it encloses and at most its own pixels.
        elif pixels > area + batch.lengths[position]:
            found = f"has a polygon that goes around {area:.4g} pixels, but covers {pixels}"
            yield batch.fault("crossing_polygon", position, found)


def _without_pixels(batch: AnnotationBatch, position: int) -> Fault:
    polygons = batch.polygons.get(position, [])
    if polygons and all(straight(points) for points in polygons):
        return batch.fault("collinear_polygon", position, "has a polygon whose points lie on one line")
    return batch.fault("no_pixels", position, "has a segmentation that covers no pixel")
