"""Features of boxes from the pyramid: the level of each box, and aligned RoIAlign on it."""

from collections.abc import Sequence

import torch
from torchvision.ops import box_area, roi_align

from maskwright.models.detectron2.pyramid import LEVELS, STRIDES

CANONICAL_SIDE, CANONICAL_LEVEL = 224, 4


def levels_of(boxes: torch.Tensor) -> torch.Tensor:
    """The level p2 … p5 of each box ``(N, 4)``, as 0 … 3: p4 for 224 pixels, one more for twice the side.

    Lin et al. 2016, equation 1.
    """
    sides = torch.sqrt(box_area(boxes))
    levels = torch.floor(CANONICAL_LEVEL + torch.log2(sides / CANONICAL_SIDE + 1e-8))
    return levels.clamp(LEVELS[0], LEVELS[-1]).to(torch.int64) - LEVELS[0]


def pool(maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], side: int) -> torch.Tensor:
    """Features ``(N, C, side, side)`` of the ``boxes`` of each image, from p2 … p5 ``maps``.

    RoIAlign as corrected: shifted by half a pixel, as many samples as the box has cells.
    """
    every = torch.cat(list(boxes))
    owner = torch.cat([torch.full((len(b), 1), i, dtype=every.dtype, device=b.device) for i, b in enumerate(boxes)])
    regions, levels = torch.cat([owner, every], dim=1), levels_of(every)
    pooled = maps[0].new_zeros((len(every), maps[0].shape[1], side, side))
    for level, features in enumerate(maps[: len(LEVELS)]):
        chosen = (levels == level).nonzero().squeeze(1)
        found = roi_align(features, regions[chosen], side, 1.0 / STRIDES[level], sampling_ratio=0, aligned=True)
        pooled = pooled.index_put((chosen,), found.to(pooled.dtype))
    return pooled
