"""Measures of many polygons at once, computed from their coordinates; nothing is rasterised."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outlines:
    """Measures of P polygons, in pixels.

    ``bounds`` ``(P, 4)`` are the least and greatest x and y as xyxy, ``areas`` ``(P,)`` the enclosed areas, ``lengths``
    ``(P,)`` the lengths of the closed outlines, ``points`` ``(P,)`` the numbers of corners.
    """

    bounds: Floats
    areas: Floats
    lengths: Floats
    points: npt.NDArray[np.int64]


def measure_outlines(polygons: Sequence[Sequence[float]]) -> Outlines:
    """Return the measures of ``polygons``, each ``[x, y, x, y, …]`` of at least one point.

    The area is the absolute value of the shoelace formula. Where an outline crosses itself, the part that it encircles
    the other way counts negative. Coordinates too large to multiply give infinite or NaN areas.
    """
    if not polygons:
        return Outlines(np.zeros((0, 4)), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    points = np.fromiter(map(len, polygons), np.int64, len(polygons)) // 2
    flat = np.fromiter(chain.from_iterable(polygons), np.float64, 2 * int(points.sum()))
    starts = np.concatenate(([0], np.cumsum(points)[:-1]))
    x, y = flat[0::2], flat[1::2]
    with np.errstate(over="ignore", invalid="ignore"):
        # From the first corner of each polygon: far from 0, the products of the shoelace formula cancel badly.
        from_x, from_y = x - np.repeat(x[starts], points), y - np.repeat(y[starts], points)
        to_x, to_y = _next(from_x, starts), _next(from_y, starts)
        areas = np.abs(np.add.reduceat(from_x * to_y - to_x * from_y, starts)) / 2
        lengths = np.add.reduceat(np.hypot(to_x - from_x, to_y - from_y), starts)
    least = [np.minimum.reduceat(values, starts) for values in (x, y)]
    greatest = [np.maximum.reduceat(values, starts) for values in (x, y)]
    return Outlines(np.stack([*least, *greatest], axis=1), areas, lengths, points)


def straight(polygon: Sequence[float]) -> bool:
    """Return whether the points of ``polygon`` lie on one line, to within a hundredth of a pixel."""
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    from_first = corners - corners[0]  # so that far from 0 no sum overflows
    from_middle = from_first - from_first.mean(axis=0)
    # The smallest singular value is the root of the summed squares of the distances from the best line.
    return bool(np.linalg.svd(from_middle, compute_uv=False)[-1] < 0.01)


def _next(values: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Return for each corner the value of the next one; the last corner of a polygon is followed by its first."""
    following = np.empty_like(values)
    following[:-1] = values[1:]
    following[np.append(starts[1:], values.size) - 1] = values[starts]
    return following
