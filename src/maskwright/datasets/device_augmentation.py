"""Augmentation of whole batches on the device of the model, instead of image by image in the loading processes.

The colour changes are those of torchvision's ``ColorJitter``, in the order brightness, contrast, saturation, hue. Those
of a sample depend on its seed alone, whatever the batch and the device.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from maskwright.datasets.device_flips import RandomFlips

# The shares of red, green and blue in a grey image, ITU-R BT.601 as torchvision rounds them.
_GREY = (0.2989, 0.587, 0.114)
# Apart from the numbers that a sample's own augmentation draws from its seed.
_STREAM = 7


class SeededSamples(Dataset[tuple[Any, int]]):
    """The samples of ``dataset``, which is indexed by ``(index, seed)``, each with its seed."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)  # type: ignore[arg-type]

    def __getitem__(self, item: tuple[int, int]) -> tuple[Any, int]:
        """Return the sample and its seed."""
        return self.dataset[item], item[1]


def collate_seeded(
    samples: Sequence[tuple[Any, int]], collate: Callable[[Sequence[Any]], Any]
) -> tuple[Any, torch.Tensor]:
    """Return the batch that ``collate`` makes of the samples, and their seeds ``(B,)`` int64."""
    return collate([sample for sample, _ in samples]), torch.tensor([seed for _, seed in samples])


class DeviceAugmentation(NamedTuple):
    """What is done to a batch on the device: flips, then changes of its colours; None is left out."""

    flips: RandomFlips | None = None
    colors: "ColorChange | None" = None

    def __call__(self, images: Any, targets: Any, seeds: torch.Tensor) -> tuple[Any, Any]:
        """Return ``images`` and ``targets`` as the ``seeds`` ``(B,)`` int64 of the samples draw.

        They are those of :class:`~maskwright.datasets.device_flips.RandomFlips`. The host does not wait for the device.
        """
        if self.flips is not None:
            images, targets = self.flips(images, targets, seeds)
        return images if self.colors is None else self.colors(images, seeds), targets


class ColorChange:
    """Random changes of the colours of images, each with a factor drawn from 1 ± its strength, the hue's from ± it."""

    def __init__(self, *, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0, hue: float = 0.0):
        """Take the strengths of ``augment``; those of 0 change nothing."""
        self.strengths = (brightness, contrast, saturation, hue)

    def factors(self, seed: int) -> list[float]:
        """Return the factors of brightness, contrast and saturation and the shift of the hue of a sample."""
        drawn = np.random.default_rng([seed, _STREAM]).random(4).tolist()
        *three, hue = self.strengths
        low = [max(0.0, 1 - strength) for strength in three]
        found = [a + (1 + b - a) * u for a, b, u in zip(low, three, drawn, strict=False)]
        return [*found, hue * (2 * drawn[3] - 1)]

    def __call__(self, images: Any, seeds: torch.Tensor) -> Any:
        """Return ``images`` ``(B, 3, H, W)`` float in 0..1, or a list of ``(3, H, W)``, changed by their ``seeds``.

        ``seeds`` ``(B,)`` int64 lie on the host. The host does not wait for the device.
        """
        factors = torch.tensor([self.factors(seed) for seed in seeds.tolist()], dtype=torch.float32)
        factors = factors.to(images[0].device, non_blocking=True)
        if isinstance(images, torch.Tensor):
            return self._changed(images, factors)
        return [self._changed(image[None], row[None])[0] for image, row in zip(images, factors, strict=True)]

    def _changed(self, images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        brightness, contrast, saturation, hue = (column[:, None, None, None] for column in factors.unbind(dim=1))
        if self.strengths[0]:
            images = (images * brightness).clamp(0, 1)
        if self.strengths[1]:
            images = _blend(images, _grey(images).mean(dim=(1, 2, 3), keepdim=True), contrast)
        if self.strengths[2]:
            images = _blend(images, _grey(images), saturation)
        if self.strengths[3]:
            images = shift_hue(images, hue)
        return images


def shift_hue(images: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Return ``images`` ``(B, 3, H, W)`` in 0..1 with their hue moved by ``shift`` ``(B, 1, 1, 1)`` of the circle.

    By way of hue, saturation and value (A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978).
    """
    value, darkest = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    chroma = value - darkest
    red, green, blue = images.split(1, dim=1)
    # A sixth of the circle for each of the three pairs of colours. Grey has no hue, and any will do.
    safe = torch.where(chroma > 0, chroma, 1)
    of_red, of_green, of_blue = (green - blue) / safe, 2 + (blue - red) / safe, 4 + (red - green) / safe
    hue = torch.where(value == red, of_red, torch.where(value == green, of_green, of_blue)) + 6 * shift
    # Of red, green and blue: how far each is from the darkest, by its distance on the circle.
    places = (5 - 2 * torch.arange(3, device=images.device))[None, :, None, None]
    distance = (hue + places).remainder(6)
    return value - chroma * torch.minimum(distance, 4 - distance).clamp(0, 1)


def _grey(images: torch.Tensor) -> torch.Tensor:
    red, green, blue = images.split(1, dim=1)
    return _GREY[0] * red + _GREY[1] * green + _GREY[2] * blue


def _blend(images: torch.Tensor, other: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    return (share * images + (1 - share) * other).clamp(0, 1)
