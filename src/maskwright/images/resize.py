"""Resizing images and label maps: smooth for colours, nearest for labels."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.structures import LabelMap


def resize_image(image: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """``image`` ``(H, W, 3)`` at ``size`` ``(H, W)``: area average when shrinking, bilinear when growing."""
    height, width = size
    shrinking = height * width < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def resize_label_map(label_map: LabelMap, size: tuple[int, int]) -> LabelMap:
    """``label_map`` ``(H, W)`` at ``size`` ``(H, W)`` by the exact nearest pixel; labels are never mixed."""
    height, width = size
    return np.asarray(cv2.resize(label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), label_map.dtype)


def fit_short_side(size: tuple[int, int], short: int, multiple: int = 1, longest: int | None = None) -> tuple[int, int]:
    """``size`` ``(H, W)`` scaled so that its short side is ``short``, rounded up to ``multiple`` pixels.

    With ``longest``, the long side never exceeds it, as in torchvision's and Detectron2's detection transforms.
    """
    scale = short / min(size)
    if longest is not None:
        scale = min(scale, longest / max(size))
    height, width = (max(1, -(-round(side * scale) // multiple)) * multiple for side in size)
    return height, width


@dataclass(frozen=True)
class InputSize:
    """The size at which a model sees images: a square, or a short side with the aspect ratio kept."""

    square: bool
    size: int
    multiple: int = 1
    longest: int | None = None

    def of(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """The input ``(H, W)`` for an image of ``image_size`` ``(H, W)``."""
        if self.square:
            side = -(-self.size // self.multiple) * self.multiple
            return side, side
        return fit_short_side(image_size, self.size, self.multiple, self.longest)
