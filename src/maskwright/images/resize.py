"""Sizes of images for networks, and resizing of pictures (area average or bilinear) and label maps (nearest pixel)."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.structures import LabelMap

ResizingRule = Literal["nearest", "torchvision", "detectron2"]
"""The way in which a network's images are resized: ``nearest`` rounds sides to the nearest pixel, halves to even;
``torchvision`` rounds down, as its detectors do; ``detectron2`` rounds halves up, and interpolates by Pillow."""


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


def torchvision_size(size: tuple[int, int], short: int, longest: int | None) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` scaled to a short side of ``short`` pixels, as torchvision's detectors compute it.

    The long side is at most ``longest``. Sides are rounded down, but to at least one pixel.
    """
    factor = short / min(size) if longest is None else min(short / min(size), longest / max(size))
    height, width = (max(1, math.floor(float(side) * factor)) for side in size)
    return height, width


def detectron2_size(size: tuple[int, int], short: int, longest: int | None) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` scaled to a short side of ``short`` pixels, as Detectron2 computes it.

    The long side is at most ``longest``, which has priority. Halves are rounded up. A side has at least one pixel.
    """
    height, width = size
    factor = short / min(height, width)
    sides = (float(short), factor * width) if height < width else (factor * height, float(short))
    if longest is not None and max(sides) > longest:
        shrink = longest / max(sides)
        sides = (sides[0] * shrink, sides[1] * shrink)
    return max(int(sides[0] + 0.5), 1), max(int(sides[1] + 0.5), 1)


@dataclass(frozen=True)
class InputSize:
    """The size at which a model sees images: a square, or a short side with the aspect ratio kept.

    ``size`` is the side of the square or the short side, ``multiple`` a number that divides both sides, ``longest`` the
    limit of the long side; all in pixels. ``rule`` is how a short side and the image are computed; the rules of
    torchvision and Detectron2 know no ``multiple``.
    """

    square: bool
    size: int
    multiple: int = 1
    longest: int | None = None
    rule: ResizingRule = "nearest"

    def of(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """Return the input ``(H, W)`` for an image of ``image_size`` ``(H, W)``."""
        if self.square:
            side = -(-self.size // self.multiple) * self.multiple
            return side, side
        if self.rule == "torchvision":
            return torchvision_size(image_size, self.size, self.longest)
        if self.rule == "detectron2":
            return detectron2_size(image_size, self.size, self.longest)
        return fit_short_side(image_size, self.size, self.multiple, self.longest)
