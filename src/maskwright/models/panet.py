"""PANet's parts: a path from fine to coarse, features of a region from all levels, and masks with a wide view.

Liu et al. 2018 (arXiv:1803.01534).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import FeaturePyramidNetwork, roi_align
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

LEVELS = ("0", "1", "2", "3")
STRIDES = (4, 8, 16, 32)


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.ReLU())


class AggregatedPyramid(nn.Module):
    """A backbone body, the feature pyramid over its stages, and the path back from fine to coarse (section 3.1)."""

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels)
        steps = len(LEVELS) - 1
        self.down = nn.ModuleList(_convolution(out_channels, out_channels, stride=2) for _ in range(steps))
        self.merge = nn.ModuleList(_convolution(out_channels, out_channels) for _ in range(steps))
        self.coarsest = LastLevelMaxPool()
        self.out_channels = out_channels

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """``(B, 3, H, W)`` to five maps of ``out_channels``: strides 4, 8, 16, 32 and 64."""
        first, *others = self.fpn(self.body(images)).values()
        path = [first]
        for down, merge, level in zip(self.down, self.merge, others, strict=True):
            path.append(merge(down(path[-1]) + level))
        maps, names = self.coarsest(path, list(path), list(LEVELS))
        return OrderedDict(zip(names, maps, strict=True))


class AllLevelsPool(nn.Module):
    """Adaptive feature pooling: each region is looked at on every level instead of one by its size (section 3.2)."""

    def __init__(self, output_size: int, sampling_ratio: int = 2) -> None:
        super().__init__()
        self.output_size, self.sampling_ratio = output_size, sampling_ratio

    def forward(
        self, features: Mapping[str, torch.Tensor], boxes: list[torch.Tensor], image_shapes: list[tuple[int, int]]
    ) -> torch.Tensor:
        """``(N, 4 levels, C, S, S)`` for the N ``boxes`` of all images, xyxy in pixels of the model's input."""
        pooled = [
            roi_align(features[level], boxes, self.output_size, 1 / stride, self.sampling_ratio)
            for level, stride in zip(LEVELS, STRIDES, strict=True)
        ]
        return torch.stack(pooled, dim=1)


class FusedBoxHead(nn.Module):
    """Two hidden layers: the first of each level's own, of which the strongest answer counts, the second common."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.ModuleList(nn.Linear(inputs, outputs) for _ in LEVELS)
        self.second = nn.Linear(outputs, outputs)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """``(N, 4 levels, C, 7, 7)`` to ``(N, outputs)``."""
        levels = [layer(level.flatten(1)) for layer, level in zip(self.first, pooled.unbind(1), strict=True)]
        return self.second(torch.stack(levels).amax(dim=0).relu()).relu()


class FusedMaskHead(nn.Module):
    """The mask branch up to its last convolution, and a fully connected one beside it (section 3.3).

    The first convolution is each level's own, and the strongest answer counts. Before the last one, two convolutions
    and a linear layer branch off, which see the whole region and tell foreground from background for all classes alike.
    """

    def __init__(self, channels: int, widths: Sequence[int], side: int = 14) -> None:
        super().__init__()
        first, *rest = widths
        self.first = nn.ModuleList(_convolution(channels, first) for _ in LEVELS)
        before = rest[:-1]
        self.trunk = MaskRCNNHeads(first, before, 1)
        middle = before[-1] if before else first
        self.last = MaskRCNNHeads(middle, rest[-1:], 1)
        half = max(middle // 2, 1)
        self.wide = nn.Sequential(_convolution(middle, middle), _convolution(middle, half), nn.Flatten())
        self.foreground = nn.Linear(half * side * side, (2 * side) ** 2)

    def forward(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``(N, 4 levels, C, S, S)`` to features ``(N, C', S, S)`` and foreground logits ``(N, 1, 2 S, 2 S)``."""
        levels = [layer(level) for layer, level in zip(self.first, pooled.unbind(1), strict=True)]
        trunk = self.trunk(torch.stack(levels).amax(dim=0))
        side = 2 * pooled.shape[-1]
        return self.last(trunk), self.foreground(self.wide(trunk)).reshape(-1, 1, side, side)


class FusedMaskPredictor(MaskRCNNPredictor):
    """Mask logits of every class, to each of which the foreground of the fully connected branch is added."""

    def forward(self, branches: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:  # type: ignore[override]
        """``(N, K+1, 2 S, 2 S)`` from what :class:`FusedMaskHead` gives."""
        features, foreground = branches
        return super().forward(features) + foreground
