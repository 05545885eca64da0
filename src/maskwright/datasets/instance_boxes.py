"""True boxes of training samples: those of the annotation file at full precision, through scaling and augmentation.

A box read off a mask that is drawn at the input size is whole pixels of that size wide: of an object of 10 pixels, it
is up to 20 % off. The file's boxes are scaled instead, and follow flips and crops exactly. Where they cannot (an object
that was rotated, cut by a crop, or covered by pasted objects has an extent that only its mask knows), the box is read
off the mask.

The two cases are told apart by a second box, that of the mask before all changes: it takes the same way. Where it ends
as the box of the changed mask, the file's box is right as well.
"""

import numpy as np
import torch
from torchvision import tv_tensors

from maskwright.structures import Instances

# In pixels of the input. The logarithm of a thinner side, as the box head learns it, would dwarf all others.
_LEAST_SIDE = 0.1


def box_pairs(truth: Instances, masks: torch.Tensor) -> tv_tensors.BoundingBoxes:
    """Return two boxes of each object of ``truth``, the file's and that of its mask, ``(2 N, 4)`` float32 in turn.

    ``masks`` ``(N, h, w)`` are those of the resized image; the boxes are xyxy in its pixels. They follow torchvision's
    transforms without being clamped.
    """
    (height, width), (old_height, old_width) = masks.shape[1:], truth.size
    x, y = width / old_width, height / old_height
    file = torch.from_numpy(np.asarray(truth.boxes, np.float32)) * torch.tensor([x, y, x, y])
    pairs = torch.stack([clip_boxes(file, (height, width)), mask_extents(masks)], dim=1).reshape(-1, 4)
    return tv_tensors.BoundingBoxes(pairs, format="XYXY", canvas_size=(height, width), clamping_mode=None)  # type: ignore[call-overload]


def true_boxes(pairs: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Return the box ``(N, 4)`` of each object, from the ``pairs`` of boxes ``(2 N, 4)`` that went with its mask.

    It is the file's, clipped to the image, or the extent of the mask in ``masks`` ``(N, H, W)`` where the other box of
    the pair is not that extent any more, or where the file's box is less than a tenth of a pixel wide or high.
    """
    file, before = pairs.reshape(-1, 2, 4).unbind(1)
    extents, file = mask_extents(masks), clip_boxes(file, (masks.shape[1], masks.shape[2]))
    followed = (before == extents).all(dim=1) & (file[:, 2:] - file[:, :2] >= _LEAST_SIDE).all(dim=1)
    return torch.where(followed[:, None], file, extents)


def mask_extents(masks: torch.Tensor) -> torch.Tensor:
    """Return the tight boxes ``(N, 4)`` float32 of ``masks`` ``(N, H, W)``, xyxy in pixels, half-open.

    An empty mask has the box 0, 0, 0, 0.
    """
    corners = []
    for axis in (1, 2):  # over the rows for x, over the columns for y
        shown = (masks != 0).any(dim=axis)
        first, last = shown.byte().argmax(dim=1), shown.shape[1] - shown.flip(1).byte().argmax(dim=1)
        corners += [first, last * shown.any(dim=1)]
    left, right, top, bottom = corners
    return torch.stack([left, top, right, bottom], dim=1).float()


def clip_boxes(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return ``boxes`` ``(N, 4)`` xyxy clipped to an image of ``size`` ``(H, W)``."""
    height, width = size
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype)
    return torch.minimum(boxes.clamp(min=0), limits)
