"""Masks known inside a box as RLEs of the whole image, without a dense image in between."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.masks.rle import compress
from maskwright.structures import Rle


def cropped_to_rle(region: npt.NDArray[np.bool_], top: int, left: int, size: tuple[int, int]) -> Rle:
    """Return the RLE on an image of ``size`` (H, W) of the mask ``region`` ``(h, w)`` at row ``top``, column ``left``.

    The region must lie inside the image.
    """
    height, width = size
    rows, columns = region.shape
    if not region.size:
        return compress(np.array([height * width]), height, width)
    # A zero before everything and one after each column: every change is the start of a run or, in turn, its end.
    padded = np.zeros(columns * (rows + 1) + 1, np.bool_)
    turned = cv2.transpose(np.ascontiguousarray(region).view(np.uint8))  # six times as fast as NumPy's copy
    padded[1:].reshape(columns, rows + 1)[:, :rows] = turned.reshape(columns, rows)
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    edges = _position(changes, rows, top, left, height)
    # A run to the bottom of the image goes on where the next column starts.
    ends = 2 * np.flatnonzero(edges[1:-1:2] == edges[2::2]) + 1
    if ends.size:
        edges = np.delete(edges, np.concatenate([ends, ends + 1]))
    end = np.array([height * width])
    rest = end[:0] if edges.size and edges[-1] == end[0] else end
    return compress(np.diff(np.concatenate(([0], edges, rest))), height, width)


def _position(padded: npt.NDArray[np.intp], rows: int, top: int, left: int, height: int) -> npt.NDArray[np.int64]:
    """Return the column-major position in the image of each position in the padded region."""
    column, row = np.divmod(padded, rows + 1)
    return ((left + column) * height + top + row).astype(np.int64)
