"""Holes of a mask: parts of the background that it encloses."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.masks.bands import BAND, row_bands

Numbers = npt.NDArray[np.int64]


def count_holes(mask: npt.NDArray[np.bool_], at_once: int = BAND) -> int:
    """Return the number of holes in ``mask`` ``(h, w)`` bool.

    A mask is connected by its edges (4-connected) and its background by corners too, so that two pixels of a mask that
    touch at a corner enclose nothing. Bands of ``at_once`` pixels are looked at one by one: the number of the component
    at each pixel of a large mask would take four times its memory.
    """
    height, width = mask.shape
    found = joined = 0
    above, parents = np.empty(0, np.int64), dict[int, int]()
    for rows in row_bands((height + 2, width + 2), at_once):  # a pixel more on each side, so that outside is one part
        edges = (int(rows.start == 0), int(rows.stop == height + 2)), (1, 1)
        band = mask[max(rows.start - 1, 0) : rows.stop - 1]
        background = np.pad(~band, edges, constant_values=True)
        count, numbers = cv2.connectedComponents(background.view(np.uint8), connectivity=8)
        first, last = (np.where(row, row + np.int64(found), 0) for row in (numbers[0], numbers[-1]))
        if rows.start:
            joined += sum(_join(parents, *pair) for pair in _touching(above, first))
        above = last
        found += count - 1  # 0 is the mask
    return found - joined - 1  # less what is outside


def _touching(above: Numbers, below: Numbers) -> list[tuple[int, int]]:
    """Return the pairs of numbers above 0 that touch, by corners too, in two neighbouring rows ``(W,)``."""
    pairs = np.concatenate(
        [np.stack([above, below]), np.stack([above[1:], below[:-1]]), np.stack([above[:-1], below[1:]])], axis=1
    )
    return [(int(one), int(other)) for one, other in np.unique(pairs[:, pairs.all(axis=0)], axis=1).T]


def _join(parents: dict[int, int], one: int, other: int) -> bool:
    """Make the components ``one`` and ``other`` one; return whether they were two."""
    roots = []
    for number in (one, other):
        while (parent := parents.get(number, number)) != number:
            parents[number] = parents.get(parent, parent)
            number = parent
        roots.append(number)
    parents[roots[1]] = roots[0]
    return roots[0] != roots[1]
