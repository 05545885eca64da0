"""The weight of each pixel in a pixel-wise loss: by class, by distance from a boundary, and 0 where ignored."""

import torch

from maskwright.models.losses.boundary import boundary_weights


def pixel_weights(
    labels: torch.Tensor,
    ignore_index: int,
    class_weights: torch.Tensor | None = None,
    boundary_weight: float = 0.0,
    boundary_sigma: float = 5.0,
) -> torch.Tensor:
    """Return the weight of every pixel, ``(B, H, W)`` float32, 0 at ``ignore_index``.

    ``labels`` is ``(B, H, W)`` int64, ``class_weights`` ``(K+1,)`` by label. Where ``boundary_weight`` is not 0, the
    result is multiplied by :func:`maskwright.models.losses.boundary.boundary_weights`.
    """
    counted = labels != ignore_index
    if class_weights is None:
        weights = counted.float()
    else:
        weights = class_weights.to(labels.device)[torch.where(counted, labels, 0)] * counted
    if boundary_weight:
        weights = weights * boundary_weights(labels, ignore_index, boundary_weight, boundary_sigma)
    return weights
