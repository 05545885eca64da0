"""RoI features from the feature pyramid: the level of each box, and aligned RoIAlign on that level."""

from collections.abc import Sequence

import torch
from torchvision.ops import box_area, roi_align

from maskwright.models.detectron2.pyramid import LEVELS, STRIDES

CANONICAL_SIDE, CANONICAL_LEVEL = 224, 4


def levels_of(boxes: torch.Tensor) -> torch.Tensor:
    """Return the level p2 … p5 of each box ``(N, 4)`` as 0 … 3, ``(N,)`` int64.

    A box of 224 × 224 pixels has level p4; twice the side is one level more. Lin et al. 2016 (arXiv:1612.03144),
    equation 1.
    """
    sides = torch.sqrt(box_area(boxes))
    levels = torch.floor(CANONICAL_LEVEL + torch.log2(sides / CANONICAL_SIDE + 1e-8))
    return levels.clamp(LEVELS[0], LEVELS[-1]).to(torch.int64) - LEVELS[0]


def pool(
    maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], side: int, sampling_ratio: int = 0
) -> torch.Tensor:
    """Return features ``(N, C, side, side)`` of the boxes of all images from ``maps`` p2 … p5.

    ``boxes`` holds ``(N, 4)`` of each image in pixels of the resized image. RoIAlign is the aligned one: shifted by
    half a pixel. An output cell has ``sampling_ratio``² samples, or with 0 as many as it covers cells of the map.
    """
    every = torch.cat(list(boxes))
    owner = torch.cat([torch.full((b.shape[0], 1), i, dtype=every.dtype, device=b.device) for i, b in enumerate(boxes)])
    regions, levels = torch.cat([owner, every], dim=1), levels_of(every)
    pooled = maps[0].new_zeros((every.shape[0], maps[0].shape[1], side, side))
    for level, features in enumerate(maps[: len(LEVELS)]):
        chosen = (levels == level).nonzero().squeeze(1)
        found = roi_align(features, regions[chosen], side, 1.0 / STRIDES[level], sampling_ratio, aligned=True)
        pooled = pooled.index_put((chosen,), found.to(pooled.dtype))
    return pooled
