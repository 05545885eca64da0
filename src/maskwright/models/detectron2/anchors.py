"""Anchors as Detectron2 places them: not rounded, centred on the upper left corner of each cell, at nominal strides."""

import math
from collections.abc import Sequence

import torch

ASPECT_RATIOS = (0.5, 1.0, 2.0)
SIZES = (32, 64, 128, 256, 512)


def cell_anchors(size: float, ratios: Sequence[float] = ASPECT_RATIOS) -> torch.Tensor:
    """Return the anchors ``(A, 4)`` xyxy around the origin with an area of ``size``² pixels.

    ``ratios`` are height over width.
    """
    widths = [math.sqrt(size**2.0 / ratio) for ratio in ratios]
    corners = [(width / 2, ratio * width / 2) for width, ratio in zip(widths, ratios, strict=True)]
    return torch.tensor([(-x, -y, x, y) for x, y in corners])


def grid_anchors(cell: torch.Tensor, grid: tuple[int, int], stride: int) -> torch.Tensor:
    """Return the anchors ``cell`` ``(A, 4)`` shifted to every position of a ``grid`` ``(H, W)``: ``(H · W · A, 4)``.

    Positions run row by row, anchors fastest. ``stride`` is the level's nominal one (4 … 64). The padded image size
    divided by the grid size differs from it on p6 where the padded size is no multiple of 64.
    """
    y, x = (torch.arange(0, side * stride, stride, dtype=torch.float32, device=cell.device) for side in grid)
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    shifts = torch.stack([columns, rows, columns, rows], dim=-1).reshape(-1, 1, 4)
    return (shifts + cell).reshape(-1, 4)
