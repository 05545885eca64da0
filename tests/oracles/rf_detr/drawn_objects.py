"""Objects in two images for the losses of RF-DETR: rectangles without a quarter."""

import torch

from tests.oracles.rf_detr.drawn_weights import SIDE, drawn_image

CORNERS = ([[20, 31, 170, 141], [150, 120, 300, 290], [5, 200, 60, 300]], [[100, 80, 250, 240]])  # xyxy in pixels
IDS = ([3, 17, 90], [1])  # ids of COCO's categories


def drawn_images() -> list[torch.Tensor]:
    """Return the drawn image twice, each ``(3, 312, 312)`` in 0..1: others have proposals that tie but for rounding."""
    return [drawn_image(), drawn_image()]


def drawn_masks(corners: list[list[int]]) -> torch.Tensor:
    """Return the rectangles as masks ``(N, 312, 312)``, without their lower right quarters."""
    masks = torch.zeros(len(corners), SIDE, SIDE, dtype=torch.bool)
    for mask, (left, top, right, bottom) in zip(masks, corners, strict=True):
        mask[top:bottom, left:right] = True
        mask[(top + bottom) // 2 : bottom, (left + right) // 2 : right] = False
    return masks
