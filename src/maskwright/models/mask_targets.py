"""Training targets of mask heads: foreground proposals with class and true mask, and the mask loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional
from torchvision.ops import roi_align


@dataclass(frozen=True)
class ForegroundProposals:
    """The proposals of one image that hold an object.

    ``boxes`` is ``(N, 4)`` in pixels of the resized image, ``classes`` ``(N,)`` int64 0..K-1. ``objects`` ``(N,)``
    int64 are the rows of the matched objects in ``masks`` ``(T, H, W)``. The masks may keep the size of the original
    image; ``to_masks`` ``(4,)`` are the factors from pixels of the resized image to theirs, for x, y, x and y.
    """

    boxes: torch.Tensor
    classes: torch.Tensor
    objects: torch.Tensor
    masks: torch.Tensor
    to_masks: torch.Tensor


def cropped_masks(region: ForegroundProposals, side: int) -> torch.Tensor:
    """Return the true masks cropped by the boxes and resampled by aligned RoIAlign: ``(N, side, side)``, 0 to 1.

    The value of a cell is the share of it that the object covers, but for the interpolation between pixels.
    """
    boxes = torch.cat([region.objects[:, None].to(region.boxes), region.boxes * region.to_masks], dim=1)
    return roi_align(region.masks[:, None].to(region.boxes), boxes, side, 1.0, sampling_ratio=0, aligned=True)[:, 0]


def mask_targets(region: ForegroundProposals, side: int) -> torch.Tensor:
    """Return the targets of Detectron2's mask heads, ``(N, side, side)`` float of 0 and 1.

    A cell is 1 where :func:`cropped_masks` is at least ½.
    """
    return (cropped_masks(region, side) >= 0.5).to(region.boxes)


def of_class(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Return the channel of each object's class: from ``(N, K, …)`` and ``classes`` ``(N,)`` int64, ``(N, 1, …)``."""
    return logits[torch.arange(classes.shape[0], device=logits.device), classes][:, None]


def mask_loss(logits: torch.Tensor, regions: Sequence[ForegroundProposals]) -> torch.Tensor:
    """Return the mean binary cross-entropy of the true class's logits against the mask targets, as a scalar.

    ``logits`` is ``(N, K, M, M)`` for the proposals of all images in order. The loss is 0 when there is none. He et al.
    2017 (arXiv:1703.06870).
    """
    if not len(logits):
        return logits.sum() * 0
    targets = torch.cat([mask_targets(region, logits.shape[-1]) for region in regions])
    classes = torch.cat([region.classes for region in regions])
    return functional.binary_cross_entropy_with_logits(of_class(logits, classes)[:, 0], targets)
