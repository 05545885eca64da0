"""The parts of region heads in their three makes: torchvision's first, its second, and PANet's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import initLevelMapper

from maskwright.models.cascade import CascadeStage
from maskwright.models.mask_scoring import MaskScoringHead
from maskwright.models.panet import LEVELS, STRIDES, AllLevelsPool, FusedBoxHead, FusedMaskHead, FusedMaskPredictor

_BOX_SIDE, _MASK_SIDE = 7, 14  # of the grids that regions are pooled to


class SteadyRoIAlign(MultiScaleRoIAlign):
    """torchvision's pooling with the strides of the levels told.

    torchvision infers them from the first images that it sees, and keeps them: where these are so small that padding is
    a large part, wrongly, and otherwise for a training that is resumed than for one that was not.
    """

    def __init__(self, side: int) -> None:
        super().__init__(list(LEVELS), side, sampling_ratio=2)
        self.scales = [1 / stride for stride in STRIDES]
        self.map_levels = initLevelMapper(
            int(math.log2(STRIDES[0])),
            int(math.log2(STRIDES[-1])),
            canonical_scale=self.canonical_scale,
            canonical_level=self.canonical_level,
        )


@dataclass(frozen=True)
class HeadParts:
    """Builds the parts for ``classes`` classes over a pyramid of ``channels`` channels.

    ``version`` 2 has torchvision's deeper, normalised heads (Li et al. 2021, arXiv:2111.11429); ``all_levels`` PANet's.
    """

    classes: int
    channels: int
    box_features: int
    mask_channels: Sequence[int]
    version: int = 1
    all_levels: bool = False

    @property
    def norm(self) -> type[nn.Module] | None:
        """The layer that normalises pyramid and heads, None for none."""
        return nn.BatchNorm2d if self.version == 2 else None

    def box_head(self) -> nn.Module:
        """Pooled features to ``box_features`` numbers a region."""
        inputs = self.channels * _BOX_SIDE**2
        if self.all_levels:
            return FusedBoxHead(inputs, self.box_features)
        if self.version == 2:
            shape = (self.channels, _BOX_SIDE, _BOX_SIDE)
            return FastRCNNConvFCHead(shape, [self.channels] * 4, [self.box_features], self.norm)
        return TwoMLPHead(inputs, self.box_features)

    def box_branch(self) -> dict[str, nn.Module]:
        """One box head and its predictor, by the names of torchvision's region heads."""
        return {"box_head": self.box_head(), "box_predictor": FastRCNNPredictor(self.box_features, self.classes + 1)}

    def cascade(self, ious: Sequence[float]) -> list[CascadeStage]:
        """A box stage for each of ``ious``."""
        return [
            CascadeStage(self.box_head(), self.box_features, self.classes, iou, number)
            for number, iou in enumerate(ious, start=1)
        ]

    def mask_branch(self) -> dict[str, nn.Module]:
        """The mask head and its predictor, by the names of torchvision's region heads."""
        last, widths = self.mask_channels[-1], list(self.mask_channels)
        if self.all_levels:
            head: nn.Module = FusedMaskHead(self.channels, widths, _MASK_SIDE)
            return {"mask_head": head, "mask_predictor": FusedMaskPredictor(last, last, self.classes + 1)}
        head = MaskRCNNHeads(self.channels, widths, 1, self.norm)
        return {"mask_head": head, "mask_predictor": MaskRCNNPredictor(last, last, self.classes + 1)}

    def mask_scoring(self) -> MaskScoringHead:
        """The head that tells how well a mask fits."""
        return MaskScoringHead(
            self.channels, self.classes, side=_MASK_SIDE, width=self.mask_channels[-1], hidden=self.box_features
        )

    def pools(self) -> dict[str, nn.Module]:
        """What looks at a region for its box and for its mask, by the names of torchvision's region heads."""
        sides = {"box_roi_pool": _BOX_SIDE, "mask_roi_pool": _MASK_SIDE}
        if self.all_levels:
            return {name: AllLevelsPool(side) for name, side in sides.items()}
        return {name: SteadyRoIAlign(side) for name, side in sides.items()}
