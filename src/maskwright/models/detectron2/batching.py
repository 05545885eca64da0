"""Batches of images as Detectron2 makes them: BGR, normalisation in 0..255, and padding."""

from collections.abc import Sequence

import torch
from torch.nn import functional

MULTIPLE = 32


def padded(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` rounded up to multiples of 32."""
    # Not -(-side // 32), which ONNX rounds the other way.
    height, width = ((side + MULTIPLE - 1) // MULTIPLE * MULTIPLE for side in size)
    return height, width


def normalised_batch(images: Sequence[torch.Tensor], mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return RGB ``images`` ``(3, H, W)`` in 0..1 as one normalised BGR batch ``(B, 3, H, W)``.

    Pixels are rounded to whole grey levels, as Detectron2 has them. ``mean`` and ``std`` ``(3, 1, 1)`` are those of BGR
    in 0..255. Images are padded with zeros on the right and below, after
    normalisation, to a common multiple of 32.
    """
    height, width = padded((max(image.shape[1] for image in images), max(image.shape[2] for image in images)))
    normal = [((image.flip(0).float() * 255).round() - mean) / std for image in images]
    equal = [functional.pad(image, (0, width - image.shape[2], 0, height - image.shape[1])) for image in normal]
    return torch.stack(equal).contiguous()
