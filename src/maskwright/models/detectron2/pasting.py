"""Pasting of masks within boxes into the image as Detectron2 does it: sampled at the centres of pixels."""

import numpy as np
import torch
from torch.nn import functional

from maskwright.masks.paste import cropped_to_rle
from maskwright.masks.rle import compress
from maskwright.structures import Rle


def paste_detectron2_mask(
    probabilities: torch.Tensor, box: torch.Tensor, size: tuple[int, int], threshold: float = 0.5
) -> Rle:
    """Return the RLE of the mask ``probabilities`` ``(M, M)`` within ``box`` on an image of ``size`` ``(H, W)``.

    ``box`` ``(4,)`` is xyxy in pixels, not rounded. A pixel belongs to the mask when the bilinear value at its centre,
    zero outside the box, is at least ``threshold``. Work and memory are those of the box, not of the image.
    """
    height, width = size
    left, top = (max(int(corner) - 1, 0) for corner in box[:2].floor())
    right, bottom = (min(int(corner) + 1, side) for corner, side in zip(box[2:].ceil(), (width, height), strict=True))
    if right <= left or bottom <= top:
        return compress(np.array([height * width]), height, width)
    x = _normalised(left, right, box[0], box[2])
    y = _normalised(top, bottom, box[1], box[3])
    grid = torch.stack([x[None, :].expand(len(y), -1), y[:, None].expand(-1, len(x))], dim=2)
    values = functional.grid_sample(probabilities[None, None], grid[None], align_corners=False)[0, 0]
    return cropped_to_rle((values >= threshold).numpy(), top, left, size)


def _normalised(start: int, end: int, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Return the centres of pixels ``start`` … ``end - 1`` in coordinates where the edges of the box are −1 and 1."""
    centres = torch.arange(start, end, dtype=torch.float32) + 0.5
    return (centres - low) / (high - low) * 2 - 1
