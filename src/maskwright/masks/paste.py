"""Masks known inside a box to RLEs of the whole image, without a dense image in between."""

import numpy as np
import numpy.typing as npt

from maskwright.masks.rle import compress
from maskwright.structures import Rle


def region_to_rle(region: npt.NDArray[np.bool_], top: int, left: int, size: tuple[int, int]) -> Rle:
    """The RLE on an image of ``size`` ``(H, W)`` of a mask ``(h, w)`` whose upper left pixel is at ``(top, left)``.

    The region must lie inside the image.
    """
    height, width = size
    rows, columns = region.shape
    # One zero after every column ends each run there; runs that go on in the next column are joined below.
    padded = np.zeros((columns, rows + 1), np.int8)
    padded[:, :rows] = region.T
    steps = np.diff(padded.ravel(), prepend=0)
    starts, ends = (_position(np.flatnonzero(steps == sign), rows, top, left, height) for sign in (1, -1))
    joined = np.flatnonzero(starts[1:] == ends[:-1])
    starts, ends = np.delete(starts, joined + 1), np.delete(ends, joined)
    edges = np.stack([starts, ends], axis=1).ravel()
    ends_full = edges.size and edges[-1] == height * width
    tail = np.array([] if ends_full else [height * width], np.int64)
    return compress(np.diff(np.concatenate(([0], edges, tail))), height, width)


def _position(padded: npt.NDArray[np.intp], rows: int, top: int, left: int, height: int) -> npt.NDArray[np.int64]:
    """Column-major position in the image of a position in the padded region."""
    column, row = np.divmod(padded, rows + 1)
    return ((left + column) * height + top + row).astype(np.int64)
