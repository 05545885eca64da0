"""Image files: JPEG for photographs with overlays, PNG for pixels that must stay exact."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.files import write_bytes

_JPEG_QUALITY = 90
_BAND = 64  # rows

# Pixels; the format's own limit is 35 higher, which libraries do not all reach.
LONGEST_JPEG = 65_500


def write_jpeg(path: Path, image: npt.NDArray[np.uint8], spent: bool = False) -> None:
    """Write ``image`` ``(H, W, 3)`` uint8 RGB to ``path`` as JPEG of quality 90, which appears whole or not at all.

    An image that nobody needs afterwards, ``spent``, is written without a copy, and its red and blue are exchanged.

    Raises ``DataError`` for an array of another shape.
    """
    if spent and image.ndim == 3 and image.shape[2] == 3 and image.size and image.flags.c_contiguous:
        for top in range(0, len(image), _BAND):
            band = image[top : top + _BAND]
            band[:] = cv2.cvtColor(band, cv2.COLOR_RGB2BGR)
        image = image[:, :, ::-1]
    _write(path, image, ".jpg", "JPEG", [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])


def write_png(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """Write ``image`` ``(H, W, 3)`` uint8 RGB to ``path`` as PNG, which appears whole or not at all.

    Raises ``DataError`` for an array of another shape.
    """
    _write(path, image, ".png", "PNG", [])


def write_cutout(path: Path, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> None:
    """Write ``image`` ``(h, w, 3)`` uint8 RGB to ``path`` as PNG that shows the pixels of ``mask`` ``(h, w)`` alone.

    All other pixels are transparent, and black, so that nothing of them is in the file.
    """
    pixels = np.zeros((*mask.shape, 4), np.uint8)
    pixels[mask, :3], pixels[mask, 3] = image[mask][:, ::-1], 255
    _, content = cv2.imencode(".png", pixels)
    write_bytes(path, content.tobytes())


def _write(path: Path, image: npt.NDArray[np.uint8], suffix: str, kind: str, options: list[int]) -> None:
    if image.ndim == 3 and image.shape[2] == 3 and image.size:
        try:
            encoded, content = cv2.imencode(suffix, image[:, :, ::-1], options)
        except cv2.error:  # longer sides than the format has
            encoded, content = False, np.empty(0)
        if encoded:
            write_bytes(path, content.tobytes())
            return
    raise DataError(f"{path}: a picture of shape {image.shape} cannot be written as {kind}; expected (H, W, 3).")
