"""Box heads, mask heads and RoI pooling of the R-CNN models: torchvision's first and second version, and PANet's."""

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

_BOX_SIDE, _MASK_SIDE = 7, 14  # of the grids to which RoIs are pooled


class SteadyRoIAlign(MultiScaleRoIAlign):
    """torchvision's multi-scale RoIAlign with fixed strides; it pools to ``side`` × ``side`` cells.

    torchvision infers the strides from the first images that it sees, and keeps them. It infers wrong ones when padding
    is a large part of these images, and a resumed training may infer others than an uninterrupted one. As in
    torchvision, boxes are not shifted by half a pixel (``aligned`` is False).
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
    """Builder of the parts of RoI heads for ``classes`` classes over a pyramid of ``channels`` channels.

    ``box_features`` is the width of the box head, ``mask_channels`` has the widths of the mask head's convolutions.
    ``version`` 2 builds torchvision's deeper, normalised heads (Li et al. 2021, arXiv:2111.11429). ``all_levels``
    builds PANet's, which pool each proposal from all levels.
    """

    classes: int
    channels: int
    box_features: int
    mask_channels: Sequence[int]
    version: int = 1
    all_levels: bool = False

    @property
    def norm(self) -> type[nn.Module] | None:
        """The normalisation layer of pyramid and heads; None without normalisation."""
        return nn.BatchNorm2d if self.version == 2 else None

    def box_head(self) -> nn.Module:
        """Return a module that maps pooled features ``(N, C, 7, 7)`` to ``(N, box_features)``.

        With ``all_levels`` the features are ``(N, 4 levels, C, 7, 7)``.
        """
        inputs = self.channels * _BOX_SIDE**2
        if self.all_levels:
            return FusedBoxHead(inputs, self.box_features)
        if self.version == 2:
            shape = (self.channels, _BOX_SIDE, _BOX_SIDE)
            return FastRCNNConvFCHead(shape, [self.channels] * 4, [self.box_features], self.norm)
        return TwoMLPHead(inputs, self.box_features)

    def box_branch(self) -> dict[str, nn.Module]:
        """Return a box head and its predictor, under the names of torchvision's ``RoIHeads``."""
        return {"box_head": self.box_head(), "box_predictor": FastRCNNPredictor(self.box_features, self.classes + 1)}

    def cascade(self, ious: Sequence[float]) -> list[CascadeStage]:
        """Return one box stage for each of ``ious``, the overlaps from which a proposal is an object."""
        return [
            CascadeStage(self.box_head(), self.box_features, self.classes, iou, number)
            for number, iou in enumerate(ious, start=1)
        ]

    def mask_branch(self) -> dict[str, nn.Module]:
        """Return the mask head and its predictor, under the names of torchvision's ``RoIHeads``."""
        last, widths = self.mask_channels[-1], list(self.mask_channels)
        if self.all_levels:
            head: nn.Module = FusedMaskHead(self.channels, widths, _MASK_SIDE)
            return {"mask_head": head, "mask_predictor": FusedMaskPredictor(last, last, self.classes + 1)}
        head = MaskRCNNHeads(self.channels, widths, 1, self.norm)
        return {"mask_head": head, "mask_predictor": MaskRCNNPredictor(last, last, self.classes + 1)}

    def mask_scoring(self) -> MaskScoringHead:
        """Return the head of Mask Scoring R-CNN, which predicts the IoU of a mask."""
        return MaskScoringHead(
            self.channels, self.classes, side=_MASK_SIDE, width=self.mask_channels[-1], hidden=self.box_features
        )

    def pools(self) -> dict[str, nn.Module]:
        """Return the RoI pooling for boxes (7 × 7) and masks (14 × 14) under the names of torchvision's heads."""
        sides = {"box_roi_pool": _BOX_SIDE, "mask_roi_pool": _MASK_SIDE}
        if self.all_levels:
            return {name: AllLevelsPool(side) for name, side in sides.items()}
        return {name: SteadyRoIAlign(side) for name, side in sides.items()}
