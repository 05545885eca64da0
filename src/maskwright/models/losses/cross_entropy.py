"""Pixel-wise cross-entropy that leaves ignored pixels out."""

import torch
from torch.nn import functional


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Mean of −log softmax at the true class over the pixels that are not ``ignore_index``.

    ``logits`` ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64. A batch without a counted pixel has loss 0, not NaN.
    """
    counted = (labels != ignore_index).sum().clamp(min=1)
    return functional.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="sum") / counted
