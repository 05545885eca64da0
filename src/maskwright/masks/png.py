"""Label maps as PNG files: the pixel value is the label, 8 or 16 bit, one channel."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.structures import LabelMap

# Label maps are runs of equal bytes: zlib's RLE strategy is as small here as the default and several times faster.
_PNG_OPTIONS = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]


def write_label_map(path: Path, label_map: LabelMap) -> None:
    """Write ``label_map`` ``(H, W)`` uint8 or uint16 losslessly; the file appears whole or not at all."""
    try:
        encoded, content = cv2.imencode(".png", label_map, _PNG_OPTIONS)
    except cv2.error:
        encoded, content = False, np.empty(0, np.uint8)
    if not encoded:
        raise DataError(f"{path}: a label map {label_map.shape} {label_map.dtype} cannot be written as PNG.")
    write_bytes(path, content.tobytes())


def read_label_map(path: Path) -> LabelMap:
    """The label map ``(H, W)`` in ``path``: grey 8 or 16 bit, or palette indices.

    Raises ``DataError`` when the file is missing, unreadable or has colour channels instead of labels.
    """
    try:
        with Image.open(path) as image:
            mode, labels = image.mode, np.array(image)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path}: cannot be read as a label map ({error}); expected a one-channel PNG.") from error
    if labels.ndim != 2 or mode not in ("L", "P", "I;16", "I;16B", "I", "1"):
        raise DataError(f"{path}: has mode {mode}; expected one channel whose value is the label, not colours.")
    if labels.dtype not in (np.uint8, np.uint16):
        labels = labels.astype(np.uint16 if labels.max(initial=0) > 255 else np.uint8)
    return labels
