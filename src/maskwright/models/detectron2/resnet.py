"""The ResNet and ResNeXt of Detectron2, with its parameter names and frozen BatchNorm.

Unlike torchvision's it can stride in the first 1 × 1 convolution of a stage, as He et al. 2015 (arXiv:1512.03385) do.
ResNeXt, Xie et al. 2016 (arXiv:1611.05431), strides in the 3 × 3.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import FrozenBatchNorm2d

STAGES = ("res2", "res3", "res4", "res5")


class FrozenNorm(FrozenBatchNorm2d):
    """BatchNorm with fixed statistics and scales, which rounds as Detectron2's with and without gradients."""

    running_mean: torch.Tensor
    running_var: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x`` ``(B, C, H, W)`` normalised, in the same shape."""
        if x.requires_grad:
            return super().forward(x)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


class ConvNorm(nn.Conv2d):
    """A convolution without bias, followed by a frozen norm called ``norm``."""

    def __init__(self, channels: int, out: int, side: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, side, stride, side // 2, groups=groups, bias=False)
        self.norm = FrozenNorm(out)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return ``(B, out, H / stride, W / stride)`` from ``input`` ``(B, channels, H, W)``."""
        return self.norm(super().forward(input))


class Bottleneck(nn.Module):
    """A bottleneck block: 1 × 1, 3 × 3 and 1 × 1 convolutions with a shortcut.

    ``inner`` is the width of the 3 × 3. It has the stride unless ``stride_in_1x1`` gives it to the first 1 × 1.
    """

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
        """Return ``(B, out, H / stride, W / stride)`` from ``x`` ``(B, channels, H, W)``."""
        y = functional.relu_(self.conv1(x))
        y = functional.relu_(self.conv2(y))
        y = self.conv3(y)
        y += x if self.shortcut is None else self.shortcut(x)
        return functional.relu_(y)


class Stem(nn.Module):
    """A 7 × 7 convolution and max pooling, with stride 4 together."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, out, 7, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return ``(B, out, H / 4, W / 4)`` from ``images`` ``(B, 3, H, W)``."""
        return functional.max_pool2d(functional.relu_(self.conv1(images)), 3, 2, 1)


class ResNet(nn.Module):
    """A ResNet of four stages at strides 4, 8, 16 and 32.

    ``depths`` are the numbers of blocks. The inner width of a block is ``groups`` · ``group_width`` in the first stage
    and doubles at each stage. ``stem_channels`` is the width of the stem; the first stage has four times as many. The
    first ``frozen_stages`` of stem and stages, counted from the stem, are not trained.
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
        """Return one map for each stage, finest first, from ``images`` ``(B, 3, H, W)``.

        A map is ``(B, C, H / stride, W / stride)`` with C from ``channels``.
        """
        maps, x = [], self.stem(images)
        for name in STAGES:
            x = self.get_submodule(name)(x)
            maps.append(x)
        return maps
