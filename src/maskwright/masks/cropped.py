"""Masks cropped to their boxes, so that measures need no dense mask of the image's size."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.masks.label_map import boxes_of
from maskwright.masks.rle import crop_columns
from maskwright.structures import Rle


class CroppedMask(NamedTuple):
    """A mask inside its box: ``mask`` ``(h, w)`` bool with its corner at ``(top, left)`` of an image of ``size``."""

    size: tuple[int, int]
    top: int
    left: int
    mask: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Self:
        """Return the empty mask of an image of ``size`` ``(H, W)``."""
        return cls(size, 0, 0, np.zeros((0, 0), np.bool_))

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of the mask in an array of the image's size."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def trimmed(mask: npt.NDArray[np.bool_], top: int, size: tuple[int, int]) -> CroppedMask:
    """Return ``mask`` ``(h, W)``, whole rows of an image of ``size`` from row ``top`` on, cropped to its tight box."""
    rows, columns_ = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return CroppedMask.empty(size)
    box = slice(rows[0], rows[-1] + 1), slice(columns_[0], columns_[-1] + 1)
    return CroppedMask(size, top + int(rows[0]), int(columns_[0]), mask[box])


def crop_masks(rles: Sequence[Rle]) -> list[CroppedMask]:
    """Return each RLE as a mask cropped to its tight box; one without pixels is empty."""
    return [_crop_mask(rle, box) for rle, box in zip(rles, boxes_of(rles), strict=True)]


def each_cropped(rles: Iterable[Rle]) -> Iterator[CroppedMask]:
    """Yield what :func:`crop_masks` returns, one by one, so that several large masks take the memory of one."""
    for rle in rles:
        yield from crop_masks([rle])


def _crop_mask(rle: Rle, box: Sequence[int]) -> CroppedMask:
    size = (int(rle["size"][0]), int(rle["size"][1]))
    left, top, width, height = box
    if not (width and height):
        return CroppedMask.empty(size)
    strip = coco_mask.decode(crop_columns(rle, left, width))
    return CroppedMask(size, top, left, strip[top : top + height].view(np.bool_))
