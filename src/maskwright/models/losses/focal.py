"""Focal loss: cross-entropy with less weight on pixels that are already right (Lin et al. 2017, arXiv:1708.02002)."""

import torch
from torch.nn import functional

from maskwright.models.losses.cross_entropy import weighted_mean


def focal(
    logits: torch.Tensor, labels: torch.Tensor, ignore_index: int, weights: torch.Tensor, gamma: float = 2.0
) -> torch.Tensor:
    """Return the weighted mean of −(1 − p)^gamma log p, with p the softmax at the true class; a scalar.

    Equation 5 of the paper, with softmax in place of the sigmoid. ``logits`` is ``(B, K+1, H, W)``, ``labels``
    ``(B, H, W)`` int64, ``weights`` ``(B, H, W)`` with 0 at ignored pixels (the paper's α). ``gamma`` 0 is
    cross-entropy. A batch without a counted pixel has loss 0.
    """
    pixels = functional.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="none")
    # 1 − p without cancellation. The minimum keeps it off 0, where a power below 1 has no finite slope.
    wrong = (-torch.expm1(-pixels)).clamp(min=1e-12)
    return weighted_mean(wrong**gamma * pixels, weights)
