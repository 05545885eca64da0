"""Operations on boxes ``(N, 4)`` xyxy in pixels: decoding of deltas, clipping, and test for emptiness.

Deltas are those of Faster R-CNN, Ren et al. 2015 (arXiv:1506.01497).
"""

import math

import torch
from torchvision.models.detection._utils import BoxCoder

# The largest delta of width and height before exp: a side grows to at most 1000 / 16 times its proposal's.
LARGEST_GROWTH = math.log(1000 / 16)
PROPOSAL_CODER = BoxCoder((1.0, 1.0, 1.0, 1.0), LARGEST_GROWTH)
DETECTION_CODER = BoxCoder((10.0, 10.0, 5.0, 5.0), LARGEST_GROWTH)


def decode(coder: BoxCoder, deltas: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return the boxes ``(N, K, 4)`` that ``deltas`` ``(N, 4 K)`` make of ``boxes`` ``(N, 4)``."""
    return coder.decode_single(deltas, boxes).reshape(boxes.shape[0], deltas.shape[1] // 4, 4)


def clip(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return ``boxes`` ``(…, 4)`` clipped to an image of ``size`` ``(H, W)``."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], dim=-1)


def nonempty(boxes: torch.Tensor) -> torch.Tensor:
    """Return which of ``boxes`` ``(N, 4)`` have a width and a height above 0, however small; ``(N,)`` bool."""
    return (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
