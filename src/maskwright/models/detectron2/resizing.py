"""Preparation of images as in Detectron2: PIL's bilinear resizing, BGR, normalisation in 0..255, and padding."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

MULTIPLE = 32


def resized_size(size: tuple[int, int], short: int, longest: int) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` scaled so that the short side is ``short`` and the long one at most ``longest``.

    The long side has priority. Halves are rounded up. A side has at least one pixel.
    """
    height, width = size
    factor = short / min(height, width)
    sides = (float(short), factor * width) if height < width else (factor * height, float(short))
    if max(sides) > longest:
        shrink = longest / max(sides)
        sides = (sides[0] * shrink, sides[1] * shrink)
    return max(int(sides[0] + 0.5), 1), max(int(sides[1] + 0.5), 1)


def padded(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` rounded up to multiples of 32."""
    height, width = (-(-side // MULTIPLE) * MULTIPLE for side in size)
    return height, width


def resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return ``image`` ``(3, H, W)`` in 0..1 resized to ``size`` ``(H, W)`` by PIL, as uint8 in 0..255."""
    pixels = (image * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    resized = Image.fromarray(np.ascontiguousarray(pixels)).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1).to(image.device)


def normalised_batch(images: Sequence[torch.Tensor], mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return RGB ``images`` ``(3, H, W)`` in 0..255 as one normalised BGR batch ``(B, 3, H, W)``.

    ``mean`` and ``std`` ``(3, 1, 1)`` are those of BGR. Images are padded with zeros on the right and below, after
    normalisation, to a common multiple of 32.
    """
    height, width = padded((max(image.shape[1] for image in images), max(image.shape[2] for image in images)))
    normal = [(image.flip(0).float() - mean) / std for image in images]
    equal = [functional.pad(image, (0, width - image.shape[2], 0, height - image.shape[1])) for image in normal]
    return torch.stack(equal).contiguous()
