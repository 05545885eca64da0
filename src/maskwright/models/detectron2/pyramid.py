"""The feature pyramid of Detectron2, with its parameter names. Lin et al. 2016 (arXiv:1612.03144)."""

import torch
from torch import nn
from torch.nn import functional

from maskwright.models.detectron2.resnet import ResNet

LEVELS = (2, 3, 4, 5)  # p2 to p5, one for each stage; p6 is added to them
STRIDES = (4, 8, 16, 32, 64)


class FPN(nn.Module):
    """A feature pyramid: the ``bottom_up`` backbone, with lateral 1 × 1 and output 3 × 3 convolutions per stage."""

    def __init__(self, bottom_up: ResNet, channels: int = 256) -> None:
        super().__init__()
        for level, stage in zip(LEVELS, bottom_up.channels, strict=True):
            self.add_module(f"fpn_lateral{level}", _convolution(stage, channels, 1))
            self.add_module(f"fpn_output{level}", _convolution(channels, channels, 3))
        self.bottom_up = bottom_up

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps p2 … p6, each ``(B, channels, H / stride, W / stride)``, of ``images`` ``(B, 3, H, W)``.

        H and W are multiples of 32. The strides are 4 to 64; p6 is every second value of p5.
        """
        maps: list[torch.Tensor] = []
        above: torch.Tensor | None = None
        for level, stage in reversed(list(zip(LEVELS, self.bottom_up(images), strict=True))):
            merged = self.get_submodule(f"fpn_lateral{level}")(stage)
            if above is not None:
                merged = merged + functional.interpolate(above, scale_factor=2.0, mode="nearest")
            maps.insert(0, self.get_submodule(f"fpn_output{level}")(merged))
            above = merged
        return [*maps, functional.max_pool2d(maps[-1], kernel_size=1, stride=2)]


def _convolution(channels: int, out: int, side: int) -> nn.Conv2d:
    """Return a convolution with bias that keeps the size of its input."""
    convolution = nn.Conv2d(channels, out, side, padding=side // 2)
    nn.init.kaiming_uniform_(convolution.weight, a=1)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return convolution
