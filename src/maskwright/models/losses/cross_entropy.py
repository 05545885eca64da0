"""Pixel-wise cross-entropy without ignored pixels, and its weighted mean."""

import torch
from torch.nn import functional


def cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, ignore_index: int, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the mean of −log softmax at the true class over the pixels that are not ``ignore_index``, a scalar.

    ``logits`` is ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64. With ``weights`` ``(B, H, W)`` (see
    :mod:`maskwright.models.losses.pixel_weights`) it is the weighted mean Σ w ℓ / Σ w. A batch without a counted pixel
    has loss 0, not NaN.
    """
    if weights is not None:
        pixels = functional.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="none")
        return weighted_mean(pixels, weights)
    counted = (labels != ignore_index).sum().clamp(min=1)
    return functional.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="sum") / counted


def weighted_mean(pixels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return Σ w ℓ / Σ w over ``pixels`` and ``weights`` ``(B, H, W)``, a scalar; 0 where all weights are 0."""
    total = weights.sum()
    return (pixels * weights).sum() / torch.where(total > 0, total, 1)
