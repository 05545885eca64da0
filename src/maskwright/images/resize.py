"""Resizing of images (area average or bilinear) and label maps (nearest pixel)."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.structures import LabelMap


def resize_image(image: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return ``image`` ``(H, W, 3)`` at ``size`` ``(H, W)``: area average when shrinking, bilinear when enlarging."""
    height, width = size
    shrinking = height * width < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def resize_label_map(label_map: LabelMap, size: tuple[int, int]) -> LabelMap:
    """Return ``label_map`` ``(H, W)`` at ``size`` ``(H, W)`` by the exact nearest pixel; labels are never mixed."""
    height, width = size
    return np.asarray(cv2.resize(label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), label_map.dtype)


def fit_short_side(size: tuple[int, int], short: int, multiple: int = 1, longest: int | None = None) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` scaled to a short side of ``short`` pixels, both sides rounded up to a ``multiple``.

    With ``longest``, the long side is at most that before it is rounded up to the ``multiple``, as in torchvision's and
    Detectron2's detection transforms.
    """
    scale = short / min(size)
    if longest is not None:
        scale = min(scale, longest / max(size))
    height, width = (max(1, -(-round(side * scale) // multiple)) * multiple for side in size)
    return height, width


@dataclass(frozen=True)
class InputSize:
    """The size at which a model sees images: a square, or a short side with the aspect ratio kept.

    ``size`` is the side of the square or the short side, ``multiple`` a number that divides both sides, ``longest`` the
    limit of the long side; all in pixels.
    """

    square: bool
    size: int
    multiple: int = 1
    longest: int | None = None

    def of(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """Return the input ``(H, W)`` for an image of ``image_size`` ``(H, W)``."""
        if self.square:
            side = -(-self.size // self.multiple) * self.multiple
            return side, side
        return fit_short_side(image_size, self.size, self.multiple, self.longest)
