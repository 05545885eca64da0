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
PARTS = len(STRIDES) + 1  # the stem is one too
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


def build_body(name: str, frozen_norm: bool = False, trainable_layers: int = PARTS) -> tuple[nn.Module, list[int]]:
    """A module that returns feature maps at strides 4, 8, 16 and 32, and their channel counts.

    ``name`` is one of ``TORCHVISION_BACKBONES`` or ``timm:NAME``. The weights are random. ``frozen_norm`` fixes the
    statistics and scales of BatchNorm, which small detection batches cannot estimate. Of the five parts, the stem and
    the stages that end at each stride, the last ``trainable_layers`` learn, as in torchvision; with 0 only what is
    built on top of the body.

    Raises ``UsageError`` for a name that is not known or has no such stages, ``ValueError`` for another number of
    layers than 0 to 5.
    """
    if not 0 <= trainable_layers <= PARTS:
        raise ValueError(f"trainable_layers {trainable_layers}: expected 0 to {PARTS}")
    if name.startswith("timm:"):
        body, channels, ends = _timm_body(name.removeprefix("timm:"), frozen_norm)
    else:
        body, channels, ends = _torchvision_body(name, frozen_norm)
    if trainable_layers < PARTS:
        if not ends:
            raise UsageError(f"'{name}' does not say where its stages end; expected trainable_layers {PARTS}, for all.")
        _freeze_up_to(body, ends[PARTS - trainable_layers - 1])
    return body, channels


def _freeze_up_to(body: nn.Module, end: str) -> None:
    """Let no module learn up to the one called ``end`` and with it, in the order in which they are defined."""
    names = [name for name, _ in body.named_modules()]
    inside = [place for place, name in enumerate(names) if f"{name}.".startswith(f"{end}.")]
    for module in list(body.modules())[: max(inside) + 1]:
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)


def _torchvision_body(name: str, frozen_norm: bool) -> tuple[nn.Module, list[int], list[str]]:
    if name not in TORCHVISION_BACKBONES:
        raise unknown_name("backbone", name, TORCHVISION_BACKBONES)
    # ConvNeXt has LayerNorm, which has no statistics to freeze.
    norm = {"norm_layer": FrozenBatchNorm2d} if frozen_norm and not name.startswith("convnext") else {}
    classifier = torchvision.models.get_model(name, weights=None, **norm)
    features = getattr(classifier, "features", classifier)
    stem, stages = _stages(features)
    returned = {key: str(i) for i, (key, _) in enumerate(stages)}
    return IntermediateLayerGetter(features, returned), [c for _, c in stages], [stem, *returned]


def _stages(features: nn.Module) -> tuple[str, list[tuple[str, int]]]:
    """The last child before the first stage; the last child at each stride and its channels.

    Found by running a small image through.
    """
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
    # A stem may go to stride 4 at once, as ConvNeXt's first child does.
    stem = last[2][0] if 2 in last else next(name for name, _ in features.named_children())
    return stem, [last[stride] for stride in STRIDES]


def _timm_body(name: str, frozen_norm: bool) -> tuple[nn.Module, list[int], list[str]]:
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
    names = network.feature_info.module_name()
    stem = names[strides.index(2)] if 2 in strides else None
    network = timm.create_model(name, pretrained=False, features_only=True, out_indices=wanted)
    channels, ends = list(network.feature_info.channels()), _timm_ends(network, stem, [names[i] for i in wanted])
    return TimmBody(freeze_batch_norm_2d(network) if frozen_norm else network), channels, ends


def _timm_ends(network: nn.Module, stem: str | None, stages: list[str]) -> list[str]:
    """The modules in a :class:`TimmBody` that end the stem and each stage; empty where timm names no such modules."""
    known = dict(network.named_modules())
    # timm lifts children of the network's parts to the top, as stages_0 for stages.0.
    found = [next((n for n in (name, name.replace(".", "_")) if n in known), None) for name in stages]
    children = list(dict(network.named_children()))
    if stem not in known and found[0] in children:
        stem = children[children.index(found[0]) - 1]
    ends = [stem if stem in known else None, *found]
    return [f"network.{end}" for end in ends] if None not in ends else []
