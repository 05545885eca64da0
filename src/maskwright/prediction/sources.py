"""The forms in which a caller may give an image: an array, or the path of a file."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.errors import UsageError, require_file
from maskwright.images.decode import read_image

Image = npt.NDArray[np.uint8]
ImageSource = npt.NDArray[Any] | str | Path


def as_image(source: ImageSource, name: str = "image") -> Image:
    """Return ``source`` as ``(H, W, 3)`` uint8 RGB; a gray array ``(H, W)`` or ``(H, W, 1)`` is repeated.

    ``name`` is what errors call an array. Raises ``UsageError`` for a path without a file and for an array of another
    shape or dtype, ``DataError`` for a file that cannot be decoded.
    """
    if isinstance(source, str | Path):
        return read_image(require_file(Path(source), "image"))
    if not isinstance(source, np.ndarray):
        raise UsageError(
            f"{name}: a {type(source).__name__}; expected an array (H, W, 3) of uint8 RGB or the path of a file. "
            "Convert it, such as a PIL image by np.array(image.convert('RGB'))."
        )
    if source.dtype != np.uint8:
        raise UsageError(
            f"{name}: dtype {source.dtype}; expected uint8 values 0..255. "
            "Convert values of 0..1 by (image * 255).round().astype(np.uint8)."
        )
    if source.ndim == 2 or source.shape[2:] == (1,):
        source = source.reshape(*source.shape[:2], 1).repeat(3, axis=2)
    if source.ndim != 3 or source.shape[2] != 3 or 0 in source.shape:
        raise UsageError(
            f"{name}: shape {source.shape}; expected (H, W, 3) RGB or (H, W) gray, at least a pixel. "
            "Leave alpha out by image[..., :3]; give several images as a list."
        )
    return np.require(source, requirements=["C", "W"])
