"""Panoptic PNG files of COCO: the colour of a pixel is the id of its segment, red + 256 green + 65536 blue.

Source of the coding: ``rgb2id`` of panopticapi (utils.py). Black is void, the pixels of no segment.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.image_formats import open_image
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import SegmentIds

VOID = 0
MOST_SEGMENT_ID = 256**3 - 1


def read_panoptic_png(path: Path) -> npt.NDArray[np.uint32]:
    """Return the segment ids ``(H, W)`` uint32 in the panoptic PNG at ``path``; transparency is not looked at.

    Raises ``DataError`` when the file is missing, no regular file or damaged, has more pixels than the limit
    ``panoptic-pixels``, or has no colours.
    """
    if not path.is_file():
        raise DataError(f"{path}: the file does not exist; expected a panoptic PNG.")
    try:
        with open_image(path, ("PNG",)) as image:
            if image.width * image.height > input_limit("panoptic-pixels"):
                raise ValueError(f"it has {image.width}×{image.height} pixels; {beyond_limit('panoptic-pixels')}")
            image.verify()  # the checksums, which decoding alone does not look at
        with open_image(path, ("PNG",)) as image:
            mode, colors = image.mode, np.asarray(image)
    except Exception as error:  # what Pillow raises for a damaged file depends on where the damage is
        raise DataError(f"{path}: cannot be read as a panoptic PNG ({error}).") from error
    if mode not in ("RGB", "RGBA"):
        raise DataError(f"{path}: has mode {mode}; expected colours of 8 bits, whose value is the id of a segment.")
    ids = colors[..., 2].astype(np.uint32)
    for channel in (1, 0):
        ids <<= 8
        ids |= colors[..., channel]
    return ids


def write_panoptic_png(path: Path, ids: SegmentIds) -> None:
    """Write segment ``ids`` ``(H, W)``, 0 to 16,777,215, to ``path``, which appears whole or not at all.

    Raises ``DataError`` for an array of another shape or type, without pixels, or with ids out of range.
    """
    if ids.ndim != 2 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
        raise DataError(f"{path}: segment ids {ids.shape} {ids.dtype} cannot be written; expected integers (H, W).")
    lowest, highest = int(ids.min()), int(ids.max())
    if lowest < VOID or highest > MOST_SEGMENT_ID:
        raise DataError(f"{path}: has segment ids from {lowest} to {highest}; expected {VOID} to {MOST_SEGMENT_ID}.")
    colors = np.empty((*ids.shape, 3), np.uint8)
    for place in range(3):  # OpenCV has blue first
        colors[..., 2 - place] = (ids >> 8 * place) & 0xFF
    write_bytes(path, cv2.imencode(".png", colors)[1].tobytes())
