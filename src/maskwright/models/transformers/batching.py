"""Batches of images for networks of the library transformers: normalised, padded to one size, with their sizes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional


class PaddedBatch(NamedTuple):
    """Images as one batch: ``pixels`` ``(B, 3, H, W)``, and the ``sizes`` ``(h, w)`` of the images inside it.

    An image lies in the upper left corner, and the rest is 0, the mean colour.
    """

    pixels: torch.Tensor
    sizes: list[tuple[int, int]]

    @property
    def size(self) -> tuple[int, int]:
        """The ``(H, W)`` of the padded images."""
        return self.pixels.shape[-2], self.pixels.shape[-1]

    def padded_like(self, masks: torch.Tensor) -> torch.Tensor:
        """Return ``masks`` ``(N, h, w)`` of an image of the batch as ``(N, H, W)`` float32 of 0 and 1."""
        (height, width), (rows, columns) = self.size, masks.shape[-2:]
        return functional.pad(masks.float(), (0, width - columns, 0, height - rows))


def padded_batch(
    images: Sequence[torch.Tensor] | torch.Tensor, mean: torch.Tensor, std: torch.Tensor, size: tuple[int, int]
) -> PaddedBatch:
    """Return RGB ``images`` ``(3, h, w)``, or ``(B, 3, h, w)``, in 0..1 as one normalised batch of ``size`` ``(H, W)``.

    ``mean`` and ``std`` are ``(1, 3, 1, 1)``.
    """
    height, width = size
    if isinstance(images, torch.Tensor):  # all at once, so that a traced batch may have any length
        rows, columns = images.shape[-2:]
        whole = functional.pad((images - mean) / std, (0, width - columns, 0, height - rows))
        return PaddedBatch(whole, [(rows, columns)] * len(images))
    sizes = [(image.shape[1], image.shape[2]) for image in images]
    padded = [
        functional.pad((image - mean[0]) / std[0], (0, width - columns, 0, height - rows))
        for image, (rows, columns) in zip(images, sizes, strict=True)
    ]
    return PaddedBatch(torch.stack(padded), sizes)


def round_up(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Return ``size`` ``(H, W)`` with both sides rounded up to a ``multiple``."""
    # Not -(-side // multiple): in ONNX the division of whole numbers rounds towards zero.
    height, width = ((side + multiple - 1) // multiple * multiple for side in size)
    return height, width
