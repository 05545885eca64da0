"""Models and images for tests of prediction."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional


class Local(nn.Module):
    """Logits ``(B, 4, H, W)`` from the three by three pixels around each; ``symmetric`` takes left and right alike."""

    def __init__(self, symmetric: bool = True) -> None:
        super().__init__()
        kernel = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1))
        self.kernel = nn.Parameter(3 * (kernel + kernel.flip(-1)) if symmetric else 3 * kernel)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": functional.conv2d(images - 0.5, self.kernel, padding=1)}


def random_image(size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Noise ``(H, W, 3)``."""
    return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
