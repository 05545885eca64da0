"""True masks rasterised at the training resolution, instead of being resized to it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from hotcoco import mask as coco_mask

from maskwright.datasets.augmentation import resize_nearest
from maskwright.masks.rle import BadSegmentation, FinitePolygons, decode_segmentation, rasterise
from maskwright.structures import Instances

# The JSON text of an object's polygons; None for an RLE and for polygons that cannot be rasterised.
Outline = bytes | None


def rasterise_masks(truth: Instances, outlines: Sequence[Outline], size: tuple[int, int]) -> torch.Tensor:
    """Return the masks ``(N, h, w)`` uint8 of the objects of ``truth`` with their image resized to ``size`` ``(h, w)``.

    Polygons are scaled and then rasterised by COCO's rule. Their edges are where an annotation of that size would have
    them, and no dense mask of the original size is made. An RLE is resized by the nearest pixel. ``outlines`` has one
    entry an object, or none at all.
    """
    masks = np.zeros((len(truth), *size), np.uint8)
    for number, mask in enumerate(masks):
        outline = outlines[number] if outlines else None
        drawn = None if outline is None or size == truth.size else _drawn(outline, truth.size, size)
        if drawn is not None:
            mask[:] = drawn
        else:
            mask[:] = _resized(coco_mask.decode(truth.masks[number]), size)
    return torch.from_numpy(masks)


def _drawn(outline: bytes, old: tuple[int, int], new: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    scale = np.array([new[1] / old[1], new[0] / old[0]])
    try:
        usable = [points for points in decode_segmentation(outline) if len(points) >= 6 and len(points) % 2 == 0]
        scaled = FinitePolygons((np.reshape(points, (-1, 2)) * scale).ravel().tolist() for points in usable)
        return coco_mask.decode(rasterise(scaled, *new).rle)
    except (BadSegmentation, TypeError, ValueError):
        return None


def _resized(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    if mask.shape == size:
        return mask
    return resize_nearest(torch.from_numpy(np.ascontiguousarray(mask)), list(size)).numpy()
