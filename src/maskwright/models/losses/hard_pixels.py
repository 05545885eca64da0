"""Online hard example mining: the cross-entropy of the hardest pixels of a batch alone.

Shrivastava et al. 2016 (arXiv:1604.03540) choose the hardest regions of a detector so. For pixels, Wu et al. 2016
(arXiv:1605.06885, section 3.3) keep those whose true class has a probability below a threshold, and at least so many
of the hardest.
"""

import math

import torch
from torch.nn import functional

from maskwright.models.losses.cross_entropy import weighted_mean


def hard_cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    ignore_index: int,
    weights: torch.Tensor,
    share: float | None = None,
    threshold: float | None = None,
) -> torch.Tensor:
    """Return the weighted mean of −log softmax at the true class over the hard pixels of the batch, a scalar.

    ``logits`` is ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64, ``weights`` ``(B, H, W)`` with 0 at ignored
    pixels. ``share`` and ``threshold`` are those of :func:`hard_pixels`. A batch without a hard pixel has loss 0.
    """
    pixels = functional.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="none")
    hard = hard_pixels(pixels.detach(), labels != ignore_index, share, threshold)
    return weighted_mean(pixels, weights * hard)


def hard_pixels(
    losses: torch.Tensor, counted: torch.Tensor, share: float | None, threshold: float | None
) -> torch.Tensor:
    """Return which pixels are hard, ``(B, H, W)`` bool; ``losses`` are −log p at the true class, of the same shape.

    Hard are the ``share`` of the ``counted`` pixels (bool) with the largest losses, 0 to 1 and rounded up, and those
    whose p is below ``threshold``. Either may be None, and both together keep what either keeps. Pixels that are as
    hard as the last one of the share are hard too. No pixel that does not count is hard.
    """
    hard = torch.zeros_like(counted)
    if share is not None:
        hard |= losses >= _least_of_the_hardest(losses, counted, share)
    if threshold is not None:
        hard |= losses > -math.log(threshold)
    return hard & counted


def _least_of_the_hardest(losses: torch.Tensor, counted: torch.Tensor, share: float) -> torch.Tensor:
    """Return the smallest loss ``(1,)`` among the hardest ``share`` of the ``counted`` pixels.

    Nothing is read back from the device: the number of counted pixels stays a tensor.
    """
    ordered = torch.where(counted, losses, -torch.inf).flatten().sort(descending=True).values
    # A little less before rounding up, or 0.07 of 100 pixels were eight: 0.07 × 100 is 7.000000000000001.
    kept = (counted.sum() * share - 1e-3).ceil().long()
    return ordered.gather(0, (kept - 1).clamp(min=0).view(1))
