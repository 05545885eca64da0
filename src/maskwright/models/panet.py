"""PANet: bottom-up path augmentation, adaptive feature pooling from all levels, and fully-connected fusion of masks.

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
    """Return a 3 × 3 convolution with ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.ReLU())


class AggregatedPyramid(nn.Module):
    """A backbone body, the feature pyramid over its stages, and the bottom-up path (section 3.1)."""

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
        """Return five maps ``(B, out_channels, H / stride, W / stride)`` of ``images`` ``(B, 3, H, W)``.

        The strides are 4, 8, 16, 32 and 64; the names "0" to "3" and "pool".
        """
        first, *others = self.fpn(self.body(images)).values()
        path = [first]
        for down, merge, level in zip(self.down, self.merge, others, strict=True):
            path.append(merge(down(path[-1]) + level))
        maps, names = self.coarsest(path, list(path), list(LEVELS))
        return OrderedDict(zip(names, maps, strict=True))


class AllLevelsPool(nn.Module):
    """Adaptive feature pooling: RoIAlign of each box on all four levels, not on one chosen by its size (section 3.2).

    Unless ``aligned``, boxes are not shifted by half a pixel, as in torchvision's R-CNN.
    """

    def __init__(self, output_size: int, sampling_ratio: int = 2, *, aligned: bool = False) -> None:
        super().__init__()
        self.output_size, self.sampling_ratio, self.aligned = output_size, sampling_ratio, aligned

    def forward(
        self, features: Mapping[str, torch.Tensor], boxes: list[torch.Tensor], image_shapes: list[tuple[int, int]]
    ) -> torch.Tensor:
        """Return features ``(N, 4 levels, C, S, S)`` of the boxes of all images, with S = ``output_size``.

        ``boxes`` holds ``(N, 4)`` of each image in pixels of the model's input. ``features`` has the maps by the names
        of ``LEVELS``. ``image_shapes`` is not used; torchvision's pooling has it.
        """
        pooled = [
            roi_align(features[level], boxes, self.output_size, 1 / stride, self.sampling_ratio, self.aligned)
            for level, stride in zip(LEVELS, STRIDES, strict=True)
        ]
        return torch.stack(pooled, dim=1)


class FusedBoxHead(nn.Module):
    """A box head of two hidden layers: the first separate for each level and fused by maximum, the second shared."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.ModuleList(nn.Linear(inputs, outputs) for _ in LEVELS)
        self.second = nn.Linear(outputs, outputs)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return ``(N, outputs)`` from pooled features ``(N, 4 levels, C, 7, 7)``."""
        levels = [layer(level.flatten(1)) for layer, level in zip(self.first, pooled.unbind(1), strict=True)]
        return self.second(torch.stack(levels).amax(dim=0).relu()).relu()


class FusedMaskHead(nn.Module):
    """The mask branch up to its last convolution, and a fully connected branch beside it (section 3.3).

    The first convolution is separate for each level and fused by maximum. Before the last one, two convolutions and a
    linear layer branch off. They see the whole RoI and predict foreground against background for all classes together.
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
        """Return features ``(N, C', S, S)`` and foreground logits ``(N, 1, 2 S, 2 S)``.

        ``pooled`` is ``(N, 4 levels, C, S, S)``; C' is the last of ``widths``.
        """
        levels = [layer(level) for layer, level in zip(self.first, pooled.unbind(1), strict=True)]
        trunk = self.trunk(torch.stack(levels).amax(dim=0))
        side = 2 * pooled.shape[-1]
        return self.last(trunk), self.foreground(self.wide(trunk)).reshape(-1, 1, side, side)


class FusedMaskPredictor(MaskRCNNPredictor):
    """A predictor of mask logits of every class, to which the logits of the fully connected branch are added."""

    def forward(self, branches: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:  # type: ignore[override]
        """Return mask logits ``(N, K+1, 2 S, 2 S)`` from the two outputs of :class:`FusedMaskHead`."""
        features, foreground = branches
        return super().forward(features) + foreground
