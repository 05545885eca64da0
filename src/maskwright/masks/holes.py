"""Holes of a mask: parts of the background that it encloses."""

import cv2
import numpy as np
import numpy.typing as npt


def count_holes(mask: npt.NDArray[np.bool_]) -> int:
    """Return the number of holes in ``mask`` ``(h, w)`` bool.

    A mask is connected by its edges (4-connected) and its background by corners too, so that two pixels of a mask that
    touch at a corner enclose nothing.
    """
    background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    found, _ = cv2.connectedComponents(background, connectivity=8)
    return found - 2  # less the mask itself, and what is outside
