"""DeepLabV3, FCN and LR-ASPP from torchvision's parts on dilated backbones; parameter names are torchvision's.

DeepLabV3: Chen et al. 2017 (arXiv:1706.05587). FCN: Long et al. 2015 (arXiv:1411.4038). LR-ASPP: Howard et al. 2019
(arXiv:1905.02244). Auxiliary head: Zhao et al. 2017 (arXiv:1612.01105). All builders return models with random weights
and one output more than ``classes``, for background; ``backbone`` is one of
:data:`~maskwright.models.dilated_backbones.DILATED_BACKBONES`.
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
    """Build DeepLabV3 for ``classes`` classes.

    ``rates`` are the dilations of its atrous pyramid; a rate larger than the feature map reads nothing but padding.
    ``auxiliary`` adds a second head on finer features, trained beside the first.

    Raises ``UsageError`` for an unknown backbone.
    """
    dilated = build_dilated(backbone)
    return SemanticModel(DeepLabV3(_body(dilated, auxiliary), *_deeplabv3_heads(dilated, classes, auxiliary, rates)))


def build_deeplabv3_point_rend(
    classes: int, *, backbone: str, auxiliary: bool = False, rates: Sequence[int] = (12, 24, 36), **options: Any
) -> SemanticModel:
    """Build DeepLabV3 whose logits PointRend refines, for ``classes`` classes.

    ``auxiliary`` and ``rates`` are those of :func:`build_deeplabv3`, ``options`` those of :class:`PointRendSegmenter`.

    Raises ``UsageError`` for an unknown backbone, ``ValueError`` for fewer than one point.
    """
    dilated = build_dilated(backbone)
    heads = _deeplabv3_heads(dilated, classes, auxiliary, rates)
    body = _body(dilated, auxiliary, early=True)
    return SemanticModel(PointRendSegmenter(body, *heads, dilated.early.channels, classes + 1, **options))


def build_fcn(classes: int, *, backbone: str, auxiliary: bool = False) -> SemanticModel:
    """Build FCN for ``classes`` classes; ``auxiliary`` is that of :func:`build_deeplabv3`.

    Raises ``UsageError`` for an unknown backbone.
    """
    dilated = build_dilated(backbone)
    auxiliary_head = _auxiliary_head(dilated, classes) if auxiliary else None
    head = FCNHead(dilated.last.channels, classes + 1)
    return SemanticModel(FCN(_body(dilated, auxiliary), head, auxiliary_head))


def build_lraspp(classes: int, *, backbone: str, channels: int = 128) -> SemanticModel:
    """Build Lite R-ASPP for ``classes`` classes; ``channels`` is the width of its head.

    Raises ``UsageError`` for an unknown backbone.
    """
    features, last, fine, _ = build_dilated(backbone)
    body = IntermediateLayerGetter(features, {fine.child: "low", last.child: "high"})
    return SemanticModel(LRASPP(body, fine.channels, last.channels, classes + 1, channels))


def _deeplabv3_heads(
    dilated: Dilated, classes: int, auxiliary: bool, rates: Sequence[int]
) -> tuple[nn.Module, nn.Module | None]:
    """Return DeepLabV3's head and the auxiliary head or None."""
    auxiliary_head = _auxiliary_head(dilated, classes) if auxiliary else None  # first, as torchvision draws its weights
    return DeepLabHead(dilated.last.channels, classes + 1, tuple(rates)), auxiliary_head


def _auxiliary_head(dilated: Dilated, classes: int) -> nn.Module:
    """Return an FCN head on the ``fine`` features."""
    return FCNHead(dilated.fine.channels, classes + 1)


def _body(dilated: Dilated, auxiliary: bool, early: bool = False) -> nn.Module:
    """Return the backbone as an extractor of ``out`` and, where asked for, ``aux`` and ``early``."""
    taps = {dilated.last.child: "out"}
    if auxiliary:
        taps[dilated.fine.child] = "aux"
    if early:
        taps[dilated.early.child] = "early"
    return IntermediateLayerGetter(dilated.features, taps)
