"""DeepLabV3, FCN and LR-ASPP from torchvision's parts, on its dilated backbones; parameter names are torchvision's.

DeepLabV3: Chen et al. 2017 (arXiv:1706.05587). FCN: Long et al. 2015 (arXiv:1411.4038). LR-ASPP: Howard et al. 2019
(arXiv:1905.02244). Auxiliary head: Zhao et al. 2017 (arXiv:1612.01105).
"""

from collections.abc import Sequence
from typing import Any

from torch import nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3
from torchvision.models.segmentation.fcn import FCN, FCNHead
from torchvision.models.segmentation.lraspp import LRASPP

from maskwright.models.dilated_backbones import Dilated, build_dilated
from maskwright.models.point_rend.segmenter import PointRendSegmenter
from maskwright.models.semantic import SemanticModel


def build_deeplabv3(
    classes: int, *, backbone: str, auxiliary: bool = False, rates: Sequence[int] = (12, 24, 36)
) -> SemanticModel:
    """DeepLabV3 for ``classes`` classes (background comes on top), with random weights.

    ``rates`` are the dilations of its pyramid; a rate larger than the feature map sees nothing but padding.
    ``auxiliary`` adds a second head on finer features, trained beside the first.
    """
    dilated = build_dilated(backbone)
    return SemanticModel(DeepLabV3(_body(dilated, auxiliary), *_deeplabv3_heads(dilated, classes, auxiliary, rates)))


def build_deeplabv3_point_rend(
    classes: int, *, backbone: str, auxiliary: bool = False, rates: Sequence[int] = (12, 24, 36), **options: Any
) -> SemanticModel:
    """DeepLabV3 whose logits PointRend refines, with random weights; for ``options`` see :class:`PointRendSegmenter`.

    ``auxiliary`` and ``rates`` as in :func:`build_deeplabv3`.
    """
    dilated = build_dilated(backbone)
    heads = _deeplabv3_heads(dilated, classes, auxiliary, rates)
    body = _body(dilated, auxiliary, early=True)
    return SemanticModel(PointRendSegmenter(body, *heads, dilated.early.channels, classes + 1, **options))


def build_fcn(classes: int, *, backbone: str, auxiliary: bool = False) -> SemanticModel:
    """FCN for ``classes`` classes, with random weights; ``auxiliary`` as in :func:`build_deeplabv3`."""
    dilated = build_dilated(backbone)
    auxiliary_head = _auxiliary_head(dilated, classes) if auxiliary else None
    head = FCNHead(dilated.last.channels, classes + 1)
    return SemanticModel(FCN(_body(dilated, auxiliary), head, auxiliary_head))


def build_lraspp(classes: int, *, backbone: str, channels: int = 128) -> SemanticModel:
    """Lite R-ASPP for ``classes`` classes, with random weights; ``channels`` is the width of its head."""
    features, last, fine, _ = build_dilated(backbone)
    body = IntermediateLayerGetter(features, {fine.child: "low", last.child: "high"})
    return SemanticModel(LRASPP(body, fine.channels, last.channels, classes + 1, channels))


def _deeplabv3_heads(
    dilated: Dilated, classes: int, auxiliary: bool, rates: Sequence[int]
) -> tuple[nn.Module, nn.Module | None]:
    auxiliary_head = _auxiliary_head(dilated, classes) if auxiliary else None  # first, as torchvision draws its weights
    return DeepLabHead(dilated.last.channels, classes + 1, tuple(rates)), auxiliary_head


def _auxiliary_head(dilated: Dilated, classes: int) -> nn.Module:
    return FCNHead(dilated.fine.channels, classes + 1)


def _body(dilated: Dilated, auxiliary: bool, early: bool = False) -> nn.Module:
    taps = {dilated.last.child: "out"}
    if auxiliary:
        taps[dilated.fine.child] = "aux"
    if early:
        taps[dilated.early.child] = "early"
    return IntermediateLayerGetter(dilated.features, taps)
