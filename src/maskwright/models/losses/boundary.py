"""Pixel weights that rise towards the boundaries between classes.

After the weight map of U-Net, Ronneberger et al. 2015 (arXiv:1505.04597), equation 2, with one distance in place of the
paper's two (label maps have no separate cells): w(x) = 1 + w₀ exp(−d(x)² / 2σ²).
"""

import math

import torch
from torch.nn import functional


def boundary_weights(labels: torch.Tensor, ignore_index: int, weight: float, sigma: float) -> torch.Tensor:
    """Return ``1 + weight · exp(−d² / 2 sigma²)`` for every pixel of ``labels`` ``(B, H, W)``, float32 ``(B, H, W)``.

    d is the distance in pixels to the nearest pixel that touches another class. It is the larger of the two coordinate
    differences (Chebyshev), which max pooling finds on any device. Beyond 3 ``sigma``, rounded up to whole pixels, the
    weight is 1. Ignored pixels make no boundary: the class behind them is unknown.
    """
    reached = touches_another(labels, ignore_index)
    weights = torch.ones_like(labels, dtype=torch.float32) + weight * reached
    for distance in range(1, math.ceil(3 * sigma) + 1):
        grown = _largest_around(reached.float()) > 0
        weights += weight * math.exp(-(distance**2) / (2 * sigma**2)) * (grown & ~reached)
        reached = grown
    return weights


def touches_another(labels: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Return which pixels of ``labels`` have another class among their eight neighbours, ``(B, H, W)`` bool.

    Ignored pixels are neither such pixels nor another class.
    """
    counted = labels != ignore_index
    plain = labels.float()
    highest = _largest_around(torch.where(counted, plain, -torch.inf))
    lowest = -_largest_around(torch.where(counted, -plain, -torch.inf))
    return counted & (highest != lowest)


def _largest_around(values: torch.Tensor) -> torch.Tensor:
    """Return the maximum of the 3 × 3 pixels around each pixel of ``values`` ``(B, H, W)``."""
    return functional.max_pool2d(values[:, None], 3, stride=1, padding=1)[:, 0]
