"""Bands of large maps, so that what is computed from them takes the memory of a band."""

from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

# Pixels of a band. An image of up to two thousand pixels square is one.
BAND = 1 << 22


def row_bands(shape: tuple[int, ...], pixels: int = BAND) -> Iterator[slice]:
    """Yield slices of the rows of a map ``(H, W)``, from the top; each has up to ``pixels``, or is one row.

    Example:
        >>> list(row_bands((5, 10), pixels=20))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    height, width = shape[:2]
    rows = max(1, pixels // max(width, 1))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def pixel_bands(*maps: npt.NDArray[Any], pixels: int = BAND) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Yield the same up to ``pixels`` of each of ``maps`` of one shape, as flat views, from the first to the last.

    Also of an image of one row. Maps that are no contiguous piece of memory are copied first.

    Example:
        >>> import numpy as np
        >>> [band.tolist() for (band,) in pixel_bands(np.arange(6).reshape(2, 3), pixels=4)]
        [[0, 1, 2, 3], [4, 5]]
    """
    flat = [each.reshape(-1) for each in maps]
    for start in range(0, flat[0].size, pixels):
        yield tuple(each[start : start + pixels] for each in flat)
