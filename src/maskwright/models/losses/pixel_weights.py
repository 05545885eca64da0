"""How much each pixel counts in a pixel-wise loss: by its class, by its distance from a border, not when ignored."""

import torch

from maskwright.models.losses.boundary import boundary_weights


def pixel_weights(
    labels: torch.Tensor,
    ignore_index: int,
    class_weights: torch.Tensor | None = None,
    boundary_weight: float = 0.0,
    boundary_sigma: float = 5.0,
) -> torch.Tensor:
    """The weight of every pixel, ``(B, H, W)`` float, 0 at ``ignore_index``.

    ``labels`` ``(B, H, W)`` int64; ``class_weights`` ``(K+1,)`` by label;
    :func:`maskwright.models.losses.boundary.boundary_weights` multiplies where ``boundary_weight`` is not 0.
    """
    counted = labels != ignore_index
    if class_weights is None:
        weights = counted.float()
    else:
        weights = class_weights.to(labels.device)[torch.where(counted, labels, 0)] * counted
    if boundary_weight:
        weights = weights * boundary_weights(labels, ignore_index, boundary_weight, boundary_sigma)
    return weights
