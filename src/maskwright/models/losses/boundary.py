"""Weights that make a pixel-wise loss look at the borders between classes, where segmentations differ most.

After the weight map of U-Net, Ronneberger et al. 2015 (arXiv:1505.04597), equation 2, with one distance for the two of
the paper (label maps know no separate cells): w(x) = 1 + w₀ exp(−d(x)² / 2σ²).
"""

import math

import torch
from torch.nn import functional


def boundary_weights(labels: torch.Tensor, ignore_index: int, weight: float, sigma: float) -> torch.Tensor:
    """``1 + weight · exp(−d² / 2 sigma²)`` for every pixel of ``labels`` ``(B, H, W)``, as float of that shape.

    d is the distance in pixels (the larger of its two coordinates, so that pooling finds it on any device) to the
    nearest pixel that touches another class; beyond 3 sigma the weight is 1. Ignored pixels make no border: what lies
    behind them is not known.
    """
    reached = touches_another(labels, ignore_index)
    weights = torch.ones_like(labels, dtype=torch.float32) + weight * reached
    for distance in range(1, math.ceil(3 * sigma) + 1):
        grown = _largest_around(reached.float()) > 0
        weights += weight * math.exp(-(distance**2) / (2 * sigma**2)) * (grown & ~reached)
        reached = grown
    return weights


def touches_another(labels: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Which pixels of ``(B, H, W)`` have another class among their eight neighbours; ignored pixels are none."""
    counted = labels != ignore_index
    plain = labels.float()
    highest = _largest_around(torch.where(counted, plain, -torch.inf))
    lowest = -_largest_around(torch.where(counted, -plain, -torch.inf))
    return counted & (highest != lowest)


def _largest_around(values: torch.Tensor) -> torch.Tensor:
    """The largest of the 3 × 3 pixels around each of ``(B, H, W)``."""
    return functional.max_pool2d(values[:, None], 3, stride=1, padding=1)[:, 0]
