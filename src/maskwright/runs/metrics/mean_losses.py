"""The mean losses of single images, added up image by image and over processes."""

import math
from collections.abc import Iterable

import torch

from maskwright.training.state import Losses, Scores


class MeanLosses:
    """The sums of the named losses of ``images`` images. They stay on the device, so that adding does not wait."""

    def __init__(self) -> None:
        self.sums: dict[str, torch.Tensor | float] = {}
        self.images = 0

    def add(self, losses: Losses) -> None:
        """Add the ``losses`` of one image, scalars by name."""
        for name, value in losses.items():
            exact = torch.float32 if value.device.type == "mps" else torch.float64  # which Apple's GPUs lack
            self.sums[name] = self.sums.get(name, 0.0) + value.detach().to(exact)
        self.images += 1

    def on_cpu(self) -> "MeanLosses":
        """Return the same sums as numbers, which can be sent to another process."""
        copy = MeanLosses()
        copy.sums |= {name: float(value) for name, value in self.sums.items()}
        copy.images = self.images
        return copy

    @classmethod
    def merged(cls, shares: Iterable["MeanLosses"]) -> "MeanLosses":
        """Return the sums over the images of all ``shares``."""
        whole = cls()
        for share in shares:
            for name, value in share.sums.items():
                whole.sums[name] = whole.sums.get(name, 0.0) + value
            whole.images += share.images
        return whole

    def means(self) -> Scores:
        """Return the mean of each loss over the images, and of their sum as ``loss``; empty without an image.

        A mean that is not finite is None.
        """
        if not self.images:
            return {}
        parts = {name: float(value) / self.images for name, value in self.sums.items()}
        return {
            name: value if math.isfinite(value) else None
            for name, value in {"loss": sum(parts.values()), **parts}.items()
        }
