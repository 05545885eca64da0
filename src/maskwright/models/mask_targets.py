"""What mask heads learn from: regions of an image, each with its class and its true mask; and their loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional
from torchvision.ops import roi_align


@dataclass(frozen=True)
class ForegroundProposals:
    """The regions of one image that hold an object.

    ``boxes`` ``(N, 4)`` in pixels of the resized image, ``classes`` ``(N,)`` 0..K-1, ``objects`` ``(N,)`` which of the
    image's ``masks`` ``(T, H, W)`` each shows. The masks keep the size of the original image; ``to_masks`` ``(4,)`` are
    the factors from resized pixels to theirs.
    """

    boxes: torch.Tensor
    classes: torch.Tensor
    objects: torch.Tensor
    masks: torch.Tensor
    to_masks: torch.Tensor


def mask_targets(region: ForegroundProposals, side: int) -> torch.Tensor:
    """The true masks cut out by their boxes, ``(N, side, side)`` of 0 and 1."""
    boxes = torch.cat([region.objects[:, None].to(region.boxes), region.boxes * region.to_masks], dim=1)
    cut = roi_align(region.masks[:, None].to(region.boxes), boxes, side, 1.0, sampling_ratio=0, aligned=True)
    return (cut[:, 0] >= 0.5).to(region.boxes)


def of_class(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The channel of each object's class: ``(N, K, …)`` to ``(N, 1, …)``."""
    return logits[torch.arange(len(classes), device=logits.device), classes][:, None]


def mask_loss(logits: torch.Tensor, regions: Sequence[ForegroundProposals]) -> torch.Tensor:
    """Mean binary cross-entropy of the true class's ``logits`` ``(N, K, M, M)`` against masks of M × M; 0 for none."""
    if not len(logits):
        return logits.sum() * 0
    targets = torch.cat([mask_targets(region, logits.shape[-1]) for region in regions])
    classes = torch.cat([region.classes for region in regions])
    return functional.binary_cross_entropy_with_logits(of_class(logits, classes)[:, 0], targets)
