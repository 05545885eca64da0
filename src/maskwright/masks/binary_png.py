"""A fast reader of binary masks in PNG files, which unpacks only the box that holds the mask.

A mask file of 2048 × 1024 pixels is mostly zeros. After inflating, the remaining work is to undo PNG's row filters,
which rows of zeros do not need.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.files import read_regular_file
from maskwright.image_formats import open_image
from maskwright.masks.buffers import Buffers
from maskwright.masks.cropped import CroppedMask, trimmed
from maskwright.masks.gray_png import gray_rows

_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


def read_mask(path: Path, buffers: Buffers | None = None) -> CroppedMask:
    """Return the pixels of the PNG at ``path`` that are not zero, cropped to their box; empty when there are none.

    Files other than 8-bit grey are converted to grey first, as Cityscapes' evaluation script does. ``buffers`` are
    memory to reuse for the next file.

    Raises ``DataError`` when the file is missing or cannot be decoded.
    """
    try:
        content = read_regular_file(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected the PNG of a mask.") from error
    region = _quickly(content, buffers or Buffers())
    return region if region is not None else _thoroughly(path)


def _quickly(content: bytes, buffers: Buffers) -> CroppedMask | None:
    """Return the mask of a plain 8-bit grey PNG whose rows use the simple filters; None for every other file."""
    found = gray_rows(content, buffers)
    if found is None or found.depth != 8:
        return None
    return _boxed(found.rows, (len(found.rows), found.width))


def _boxed(rows: npt.NDArray[np.uint8], size: tuple[int, int]) -> CroppedMask | None:
    """Undo the filters of ``rows`` ``(H, 1 + W)``, whose first byte names the filter, where the rows are not zero."""
    filters, differences = rows[:, 0], rows[:, 1:]
    changed: npt.NDArray[np.bool_] = np.any(differences, axis=1)
    first = int(changed.argmax())
    if not changed[first]:
        return CroppedMask.empty(size)
    # After the last change, rows filtered by None and Sub are empty; other filters may repeat the row above.
    last = len(rows) - int(changed[::-1].argmax())
    while last < len(rows) and filters[last] > _SUB:
        last += 1
    used = filters[first:last]
    if (used == _AVERAGE).any() or used.max() > _PAETH:
        return None
    return trimmed(_unfiltered(differences[first:last].copy(), used) != 0, first, size)


def _unfiltered(pixels: npt.NDArray[np.uint8], filters: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Undo ``filters`` ``(H,)`` None, Sub, Up and Paeth in place (PNG specification, section 9)."""
    sub = filters == _SUB
    pixels[sub] = np.cumsum(pixels[sub], axis=1, dtype=np.uint8)
    above = np.zeros_like(pixels[0])
    for row, used in zip(pixels, filters.tolist(), strict=True):
        if used == _UP:
            row += above
        elif used == _PAETH:
            _undo_paeth(row, above)
        above = row
    return pixels


def _undo_paeth(row: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8]) -> None:
    """Undo filter 4 in place: each byte is the difference from its left, upper or upper left neighbour.

    Where the difference is zero and the row above does not change, the nearest neighbour is always the left one. So
    values change at the other places only, of which a mask has few.
    """
    corners = np.concatenate([[0], above[:-1]])
    places = np.flatnonzero((row != 0) | (above != corners))
    left, values = 0, [0]
    for difference, up, corner in zip(*(each[places].tolist() for each in (row, above, corners)), strict=True):
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        left = (difference + nearest) & 0xFF
        values.append(left)
    row[...] = np.repeat(np.array(values, np.uint8), np.diff(places, prepend=0, append=row.size))


def _thoroughly(path: Path) -> CroppedMask:
    try:
        with open_image(path, formats=["PNG"]) as image:
            gray = np.array(image.convert("L"))
    except Exception as error:  # Pillow raises whatever a damaged field leads it to
        raise DataError(f"{path}: cannot be decoded ({error}); expected the PNG of a mask.") from error
    return trimmed(gray != 0, 0, (gray.shape[0], gray.shape[1]))
