"""The ResNet and ResNeXt of Detectron2, down to its names; unlike torchvision's it can stride in the 1×1.

He et al. 2015 (arXiv:1512.03385) strides in the first 1×1 convolution of a stage; ResNeXt, Xie et al. 2016
(arXiv:1611.05431), in the 3×3. Batch norm is frozen.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import FrozenBatchNorm2d

STAGES = ("res2", "res3", "res4", "res5")


class FrozenNorm(FrozenBatchNorm2d):
    """Batch norm with fixed statistics and scales, rounding as Detectron2's does with and without gradients."""

    running_mean: torch.Tensor
    running_var: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to the same shape."""
        if x.requires_grad:
            return super().forward(x)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


class ConvNorm(nn.Conv2d):
    """A convolution without bias, and the norm after it under the name ``norm``."""

    def __init__(self, channels: int, out: int, side: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, side, stride, side // 2, groups=groups, bias=False)
        self.norm = FrozenNorm(out)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to ``(B, out, H / stride, W / stride)``."""
        return self.norm(super().forward(input))


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut."""

    def __init__(
        self, channels: int, out: int, inner: int, stride: int = 1, groups: int = 1, stride_in_1x1: bool = True
    ) -> None:
        super().__init__()
        strides = (stride, 1) if stride_in_1x1 else (1, stride)
        self.shortcut = ConvNorm(channels, out, 1, stride) if channels != out else None
        self.conv1 = ConvNorm(channels, inner, 1, strides[0])
        self.conv2 = ConvNorm(inner, inner, 3, strides[1], groups)
        self.conv3 = ConvNorm(inner, out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, channels, H, W)`` to ``(B, out, H / stride, W / stride)``."""
        y = functional.relu_(self.conv1(x))
        y = functional.relu_(self.conv2(y))
        y = self.conv3(y)
        y += x if self.shortcut is None else self.shortcut(x)
        return functional.relu_(y)


class Stem(nn.Module):
    """7×7 convolution and max pooling: stride 4."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, out, 7, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, 3, H, W)`` to ``(B, out, H / 4, W / 4)``."""
        return functional.max_pool2d(functional.relu_(self.conv1(images)), 3, 2, 1)


class ResNet(nn.Module):
    """Four stages at strides 4, 8, 16 and 32.

    ``groups`` and ``group_width`` give the inner width of a block of the first stage (their product, doubled at each
    stage); ``stem_channels`` the stem's, of which the first stage gives four times as many. ``frozen_stages`` of the
    stem and the stages, counted from the stem, do not train.
    """

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        *,
        groups: int = 1,
        group_width: int = 64,
        stride_in_1x1: bool = True,
        stem_channels: int = 64,
        frozen_stages: int = 2,
    ) -> None:
        super().__init__()
        self.stem = Stem(stem_channels)
        channels, out, inner = stem_channels, 4 * stem_channels, groups * group_width
        self.channels: list[int] = []
        for name, depth in zip(STAGES, depths, strict=True):
            stride = 1 if name == STAGES[0] else 2
            blocks = [Bottleneck(channels, out, inner, stride, groups, stride_in_1x1)]
            blocks += [Bottleneck(out, out, inner, 1, groups, stride_in_1x1) for _ in range(depth - 1)]
            self.add_module(name, nn.Sequential(*blocks))
            self.channels.append(out)
            channels, out, inner = out, 2 * out, 2 * inner
        for name in ("stem", *STAGES)[:frozen_stages]:
            self.get_submodule(name).requires_grad_(False)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """``(B, 3, H, W)`` to one map a stage, finest first."""
        maps, x = [], self.stem(images)
        for name in STAGES:
            x = self.get_submodule(name)(x)
            maps.append(x)
        return maps
