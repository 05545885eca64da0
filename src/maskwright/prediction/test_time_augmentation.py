"""Test-time augmentation: the mean of a model's probabilities over several views of one image.

Averaging over the mirror image and over several sizes is common in semantic segmentation: L.-C. Chen, G. Papandreou, I.
Kokkinos, K. Murphy, A. L. Yuille, "DeepLab", IEEE TPAMI 2018, arXiv:1606.00915.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize

# The logits (K+1, H, W) of each image or window of a batch, seen at an input size, mirrored or not.
Logits = Callable[[InputSize, bool], Iterable[torch.Tensor]]


@dataclass(frozen=True)
class Views:
    """The views of an image that a semantic model averages over; by default the image once and whole.

    Args:
        flip: Whether to add the image mirrored left to right.
        scales: Factors of the model's input size, each above 0.
        window: The side, in pixels of the image, of the square windows in which it is predicted; None for the whole
            image. Each window is seen at every scale, and mirrored with ``flip``.
        overlap: The least part of a window, 0 up to, but not, 1, that neighbouring windows share.

    Raises:
        UsageError: For values out of range.

    Example:
        >>> from maskwright.prediction.test_time_augmentation import Views
        >>> str(Views(flip=True, scales=(0.75, 1.0)))
        'the image and its mirror image and input scales 0.75, 1'
    """

    flip: bool = False
    scales: tuple[float, ...] = (1.0,)
    window: int | None = None
    overlap: float = 0.25

    def __post_init__(self) -> None:
        if not self.scales or not all(0 < scale < math.inf for scale in self.scales):
            raise UsageError(f"scales {self.scales}: expected factors above 0, such as (0.75, 1, 1.25).")
        if self.window is not None and self.window < 1:
            raise UsageError(f"window {self.window}: expected a side of 1 pixel or more.")
        if not 0 <= self.overlap < 1:
            raise UsageError(f"overlap {self.overlap}: expected a part of the window from 0 up to, but not, 1.")

    @property
    def plain(self) -> bool:
        """Whether the image is seen once and whole, so that nothing is averaged."""
        return not self.flip and self.scales == (1.0,) and self.window is None

    def __str__(self) -> str:
        """Return in words what is averaged over; empty where nothing is."""
        parts = ["the image and its mirror image"] if self.flip else []
        if self.scales != (1.0,):
            parts.append(f"input scales {', '.join(f'{scale:g}' for scale in self.scales)}")
        if self.window is not None:
            parts.append(f"windows of {self.window} pixels that overlap by {self.overlap:.0%}")
        return " and ".join(parts)


def scale_input_size(input_size: InputSize, scale: float) -> InputSize:
    """Return ``input_size`` times ``scale`` in whole pixels, at least 1; its multiple stays."""
    longest = None if input_size.longest is None else max(1, round(input_size.longest * scale))
    return replace(input_size, size=max(1, round(input_size.size * scale)), longest=longest)


def mean_probabilities(logits: Logits, input_size: InputSize, views: Views) -> list[torch.Tensor]:
    """Return the mean of the probabilities ``(K+1, H, W)`` of each image over the scales and flips of ``views``.

    ``logits`` gives those of each image of a batch for an input size and a flip.
    """
    flips = (False, True) if views.flip else (False,)
    passes = [(scale_input_size(input_size, scale), flip) for scale in views.scales for flip in flips]
    totals = [one.softmax(dim=0) for one in logits(*passes[0])]
    for size, flip in passes[1:]:
        for total, one in zip(totals, logits(size, flip), strict=True):
            total += one.softmax(dim=0)
    return [total / len(passes) for total in totals]
