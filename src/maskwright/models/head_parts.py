"""Box heads, mask heads and RoI pooling of the R-CNN models: torchvision's first and second version, and PANet's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import initLevelMapper

from maskwright.models.cascade import CascadeStage
from maskwright.models.detectron2.pooling import pool
from maskwright.models.mask_scoring import MaskScoringHead
from maskwright.models.panet import LEVELS, STRIDES, AllLevelsPool, FusedBoxHead, FusedMaskHead, FusedMaskPredictor

_BOX_SIDE, _MASK_SIDE = 7, 14  # of the grids to which RoIs are pooled


class SteadyRoIAlign(MultiScaleRoIAlign):
    """torchvision's multi-scale RoIAlign with fixed strides; it pools to ``side`` × ``side`` cells.

    torchvision infers the strides from the first images that it sees, and keeps them. It infers wrong ones when padding
    is a large part of these images, and a resumed training may infer others than an uninterrupted one. As in
    torchvision, boxes are not shifted by half a pixel (:class:`AlignedRoIAlign` shifts them).
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


class AlignedRoIAlign(nn.Module):
    """RoIAlign on the level of each box as in Detectron2, where the value of a cell is that of its centre.

    It pools to ``side`` × ``side`` cells of 2 × 2 samples each, as :class:`SteadyRoIAlign` does: Detectron2's samples,
    one for each cell of the map, take up to four times as long and change no feature that can be learnt from.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(
        self, features: Mapping[str, torch.Tensor], boxes: list[torch.Tensor], image_shapes: list[tuple[int, int]]
    ) -> torch.Tensor:
        """Return features ``(N, C, side, side)`` of the boxes of all images.

        ``features`` has the maps ``(B, C, H, W)`` by the names of torchvision's levels. ``boxes`` holds ``(N, 4)`` of
        each image in pixels of the model's input. ``image_shapes`` is not used; torchvision's pooling has it.
        """
        return pool([features[level] for level in LEVELS], boxes, self.side, sampling_ratio=2)


class AgnosticBoxPredictor(FastRCNNPredictor):
    """A predictor of class logits, and of one set of box deltas for all classes."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(inputs, classes)
        self.bbox_pred = nn.Linear(inputs, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits ``(N, classes)`` and the same four deltas for every class, ``(N, 4 classes)``, of features."""
        logits, deltas = super().forward(x)
        return logits, deltas.repeat(1, logits.shape[1])


class AgnosticMasks(nn.Module):
    """A predictor of one mask for all classes: ``predictor`` has one output, which every class is given.

    ``classes`` counts the background.
    """

    def __init__(self, predictor: nn.Module, classes: int) -> None:
        super().__init__()
        self.predictor, self.classes = predictor, classes

    def forward(self, features: Any) -> torch.Tensor:
        """Return mask logits ``(N, classes, M, M)``, equal for all classes, from what ``predictor`` takes."""
        return self.predictor(features).expand(-1, self.classes, -1, -1)


@dataclass(frozen=True)
class HeadParts:
    """Builder of the parts of RoI heads for ``classes`` classes over a pyramid of ``channels`` channels.

    ``box_features`` is the width of the box head, ``mask_channels`` has the widths of the mask head's convolutions.
    ``version`` 2 builds torchvision's deeper, normalised heads (Li et al. 2021, arXiv:2111.11429). ``all_levels``
    builds PANet's, which pool each proposal from all levels. ``aligned`` pools without torchvision's shift of half a
    pixel. ``agnostic_boxes`` and ``agnostic_masks`` build one box regressor and one mask for all classes.
    """

    classes: int
    channels: int
    box_features: int
    mask_channels: Sequence[int]
    version: int = 1
    all_levels: bool = False
    aligned: bool = False
    agnostic_boxes: bool = False
    agnostic_masks: bool = False

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
        predictor = AgnosticBoxPredictor if self.agnostic_boxes else FastRCNNPredictor
        return {"box_head": self.box_head(), "box_predictor": predictor(self.box_features, self.classes + 1)}

    def cascade(self, ious: Sequence[float]) -> list[CascadeStage]:
        """Return one box stage for each of ``ious``, the overlaps from which a proposal is an object."""
        return [
            CascadeStage(self.box_head(), self.box_features, self.classes, iou, number)
            for number, iou in enumerate(ious, start=1)
        ]

    def mask_branch(self) -> dict[str, nn.Module]:
        """Return the mask head and its predictor, under the names of torchvision's ``RoIHeads``."""
        last, widths = self.mask_channels[-1], list(self.mask_channels)
        outputs = 1 if self.agnostic_masks else self.classes + 1
        if self.all_levels:
            head: nn.Module = FusedMaskHead(self.channels, widths, _MASK_SIDE)
            predictor: nn.Module = FusedMaskPredictor(last, last, outputs)
        else:
            head = MaskRCNNHeads(self.channels, widths, 1, self.norm)
            predictor = MaskRCNNPredictor(last, last, outputs)
        if self.agnostic_masks:
            predictor = AgnosticMasks(predictor, self.classes + 1)
        return {"mask_head": head, "mask_predictor": predictor}

    def mask_scoring(self) -> MaskScoringHead:
        """Return the head of Mask Scoring R-CNN, which predicts the IoU of a mask."""
        return MaskScoringHead(
            self.channels, self.classes, side=_MASK_SIDE, width=self.mask_channels[-1], hidden=self.box_features
        )

    def pools(self) -> dict[str, nn.Module]:
        """Return the RoI pooling for boxes (7 × 7) and masks (14 × 14) under the names of torchvision's heads."""
        sides = {"box_roi_pool": _BOX_SIDE, "mask_roi_pool": _MASK_SIDE}
        if self.all_levels:
            return {name: AllLevelsPool(side, aligned=self.aligned) for name, side in sides.items()}
        kind = AlignedRoIAlign if self.aligned else SteadyRoIAlign
        return {name: kind(side) for name, side in sides.items()}
