"""Test-time augmentation: one image shown to a model several times, and the mean of what it answers.

Averaging probabilities over a mirrored image and over several sizes is the usual last step of semantic segmentation:
L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille, "DeepLab", IEEE TPAMI 2018, arXiv:1606.00915.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from maskwright.images.resize import InputSize

# Logits (K+1, H, W) of one image, seen at an input size, mirrored or not.
Logits = Callable[[InputSize, bool], torch.Tensor]


@dataclass(frozen=True)
class Views:
    """How a model sees an image; by default once and whole.

    ``flip`` adds the image mirrored left to right. ``scales`` are factors of the model's input size. With ``window``
    the image is predicted in squares of so many of its own pixels, of which neighbours share at least the part
    ``overlap`` (0 up to 1). Each window is seen at every scale, and mirrored.
    """

    flip: bool = False
    scales: tuple[float, ...] = (1.0,)
    window: int | None = None
    overlap: float = 0.25

    @property
    def plain(self) -> bool:
        """Whether the image is seen once and whole, so that nothing is averaged."""
        return not self.flip and self.scales == (1.0,) and self.window is None

    def __str__(self) -> str:
        """What is averaged, in words; empty where nothing is."""
        parts = ["the image and its mirror image"] if self.flip else []
        if self.scales != (1.0,):
            parts.append(f"input scales {', '.join(f'{scale:g}' for scale in self.scales)}")
        if self.window is not None:
            parts.append(f"windows of {self.window} pixels that overlap by {self.overlap:.0%}")
        return " and ".join(parts)


def scaled(input_size: InputSize, scale: float) -> InputSize:
    """``input_size`` times ``scale``, in whole pixels, at least 1; its multiple stays."""
    longest = None if input_size.longest is None else max(1, round(input_size.longest * scale))
    return replace(input_size, size=max(1, round(input_size.size * scale)), longest=longest)


def mean_probabilities(logits: Logits, input_size: InputSize, views: Views) -> torch.Tensor:
    """The mean over the scales and flips of ``views`` of the probabilities ``(K+1, H, W)`` of one image or window."""
    flips = (False, True) if views.flip else (False,)
    passes = [(scaled(input_size, scale), flip) for scale in views.scales for flip in flips]
    total = logits(*passes[0]).softmax(dim=0)
    for size, flip in passes[1:]:
        total += logits(size, flip).softmax(dim=0)
    return total / len(passes)
