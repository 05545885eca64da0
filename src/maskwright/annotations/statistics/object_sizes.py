"""Object sizes: COCO's small, medium and large, and the distribution of the square root of the area."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# COCO's evaluation divides objects by area, in square pixels (cocoeval.py, Params.areaRng).
SMALL_BELOW, MEDIUM_BELOW = 32**2, 96**2
SIZES = ("small", "medium", "large")

# Sides from 32 to 96 pixels make four bins of equal ratio, so that no bin holds objects of two sizes.
_BINS_BETWEEN = 4
_FIRST_EDGE = 32 / 3**3


def count_sizes(areas: Sequence[float] | npt.NDArray[np.float64]) -> dict[str, int]:
    """Count the small, medium and large objects among N, by their areas in square pixels.

    An area of exactly 32² is medium and one of 96² large. COCO's evaluation, whose ranges are closed, counts such
    objects twice.
    """
    kinds = np.digitize(np.asarray(areas, np.float64), (SMALL_BELOW, MEDIUM_BELOW))
    return {name: int(count) for name, count in zip(SIZES, np.bincount(kinds, minlength=3), strict=True)}


def side_quantiles(areas: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the quantiles, in pixels, of the square roots of N ≥ 1 areas at each of ``shares`` (0 to 1)."""
    return np.quantile(np.sqrt(np.asarray(areas, np.float64)), shares).tolist()


def side_histogram(areas: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return the edges in pixels and the counts of a histogram of the square roots of N areas.

    There is one more edge than bins, and neither without areas. The first bin starts at 0. From its end on, edges grow
    by a constant ratio and include exactly 32 and 96. A bin contains its lower edge.
    """
    if not len(areas):
        return [], []
    sides = np.sqrt(np.asarray(areas, np.float64))
    edges = [0.0, _FIRST_EDGE]
    while edges[-1] <= sides.max():
        step = len(edges) - 1 - 3 * _BINS_BETWEEN
        edges.append(32 * 3 ** (step / _BINS_BETWEEN))
    counts = np.bincount(np.digitize(sides, edges) - 1, minlength=len(edges) - 1)
    return edges, counts.tolist()
