"""Backbones for feature pyramids: any torchvision or timm classifier, cut into its stages by stride."""

from collections import OrderedDict
from typing import Any

import timm
import torch
import torchvision
from timm.layers.norm_act import freeze_batch_norm_2d
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.ops import FrozenBatchNorm2d

from maskwright.errors import UsageError, unknown_name

STRIDES = (4, 8, 16, 32)
TORCHVISION_BACKBONES = (
    "resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "resnext101_32x8d",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "convnext_tiny", "convnext_small",
)  # fmt: skip


class TimmBody(nn.Module):
    """A timm feature extractor that returns its stages by name, as torchvision's pyramid expects."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """``(B, 3, H, W)`` to one feature map a stride, finest first."""
        return OrderedDict((str(i), features) for i, features in enumerate(self.network(images)))


def build_body(name: str, frozen_norm: bool = False) -> tuple[nn.Module, list[int]]:
    """A module that returns feature maps at strides 4, 8, 16 and 32, and their channel counts.

    ``name`` is one of ``TORCHVISION_BACKBONES`` or ``timm:NAME``. The weights are random. ``frozen_norm`` fixes the
    statistics and scales of BatchNorm, which small detection batches cannot estimate.

    Raises ``UsageError`` for a name that is not known or has no such stages.
    """
    if name.startswith("timm:"):
        return _timm_body(name.removeprefix("timm:"), frozen_norm)
    if name not in TORCHVISION_BACKBONES:
        raise unknown_name("backbone", name, TORCHVISION_BACKBONES)
    # ConvNeXt has LayerNorm, which has no statistics to freeze.
    norm = {"norm_layer": FrozenBatchNorm2d} if frozen_norm and not name.startswith("convnext") else {}
    classifier = torchvision.models.get_model(name, weights=None, **norm)
    features = getattr(classifier, "features", classifier)
    stages = _stages(features)
    return IntermediateLayerGetter(features, {key: str(i) for i, (key, _) in enumerate(stages)}), [c for _, c in stages]


def _stages(features: nn.Module) -> list[tuple[str, int]]:
    """The last child at each stride and its channels, found by running a small image through."""
    last: dict[int, tuple[str, int]] = {}
    side = 128
    activations = torch.zeros(1, 3, side, side)
    features.eval()
    with torch.no_grad():
        for key, child in features.named_children():
            if key in ("avgpool", "fc"):
                break
            activations = child(activations)
            last[side // activations.shape[-1]] = (key, activations.shape[1])
    features.train()
    return [last[stride] for stride in STRIDES]


def _timm_body(name: str, frozen_norm: bool) -> tuple[nn.Module, list[int]]:
    if not timm.is_model(name):
        raise unknown_name("timm model", name, timm.list_models())
    try:
        network: Any = timm.create_model(name, pretrained=False, features_only=True)
    except (RuntimeError, AttributeError) as error:
        raise UsageError(f"timm model '{name}' gives no feature maps ({error}); expected one that does.") from error
    strides = network.feature_info.reduction()
    wanted = [i for i, stride in enumerate(strides) if stride in STRIDES]
    if len(wanted) != len(STRIDES):
        raise UsageError(f"timm model '{name}' has strides {strides}; expected {list(STRIDES)} among them.")
    network = timm.create_model(name, pretrained=False, features_only=True, out_indices=wanted)
    channels = list(network.feature_info.channels())
    return TimmBody(freeze_batch_norm_2d(network) if frozen_norm else network), channels
