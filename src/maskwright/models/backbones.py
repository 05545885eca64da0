"""Backbones for feature pyramids: torchvision and timm classifiers as extractors of maps at strides 4, 8, 16 and 32.

The four maps are the inputs of a feature pyramid (Lin et al. 2017, arXiv:1612.03144).
"""

from collections import OrderedDict
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter

from maskwright.errors import UsageError, unknown_name
from maskwright.models.frozen_norm import FusedFrozenBatchNorm2d
from maskwright.models.timm_models import require_timm_model

STRIDES = (4, 8, 16, 32)
PARTS = len(STRIDES) + 1  # the stem is one as well
TORCHVISION_BACKBONES = (
    "resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "resnext101_32x8d",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "convnext_tiny", "convnext_small",
)  # fmt: skip


class TimmBody(nn.Module):
    """A timm feature extractor that returns its maps by name, as torchvision's feature pyramid expects.

    ``network`` is a timm model made with ``features_only``. It returns a list of maps, finest first.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """Return the feature maps of ``images`` ``(B, 3, H, W)`` by name, finest first.

        The names are "0", "1", …; each map is ``(B, C, H / stride, W / stride)``.
        """
        return OrderedDict((str(i), features) for i, features in enumerate(self.network(images)))


def build_body(name: str, frozen_norm: bool = False, trainable_layers: int = PARTS) -> tuple[nn.Module, list[int]]:
    """Build a backbone with random weights; return it with the channel counts of its four maps.

    The module maps images ``(B, 3, H, W)`` to an ordered dictionary of maps "0" to "3" at strides 4, 8, 16 and 32.
    ``name`` is one of ``TORCHVISION_BACKBONES`` or ``timm:NAME``. ``frozen_norm`` replaces BatchNorm by layers with
    fixed statistics and scales, as small detection batches cannot estimate them. A backbone has five parts: the stem
    and the stages that end at each stride. Only the last ``trainable_layers`` of them are trained, as in torchvision;
    with 0 no part of the backbone is.

    Raises ``UsageError`` when the name is unknown, when the model has no maps at these strides, and when parts are to
    be frozen of a model that does not name the modules that end them. Raises ``ValueError`` when ``trainable_layers``
    is outside 0 to 5.
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
    """Freeze the parameters of all modules up to the one called ``end`` and of that one, in the order of definition."""
    names = [name for name, _ in body.named_modules()]
    inside = [place for place, name in enumerate(names) if f"{name}.".startswith(f"{end}.")]
    for module in list(body.modules())[: max(inside) + 1]:
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)


def _torchvision_body(name: str, frozen_norm: bool) -> tuple[nn.Module, list[int], list[str]]:
    """Return a torchvision body, the channels of its maps, and the modules that end the stem and stages."""
    if name not in TORCHVISION_BACKBONES:
        raise unknown_name("backbone", name, TORCHVISION_BACKBONES)
    # ConvNeXt has LayerNorm, which has no statistics to freeze.
    norm = {"norm_layer": FusedFrozenBatchNorm2d} if frozen_norm and not name.startswith("convnext") else {}
    classifier = torchvision.models.get_model(name, weights=None, **norm)
    features = getattr(classifier, "features", classifier)
    stem, stages = _stages(features)
    returned = {key: str(i) for i, (key, _) in enumerate(stages)}
    return IntermediateLayerGetter(features, returned), [c for _, c in stages], [stem, *returned]


def _stages(features: nn.Module) -> tuple[str, list[tuple[str, int]]]:
    """Return the last child of the stem, and for each stride the last child with its channel count.

    A small image is run through the children to find the stride of each.
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
    """Return the body of a timm model, the channels of its maps, and the modules that end the stem and stages.

    The last is an empty list where timm does not name these modules.
    """
    # Imported here: it takes as long as building most networks, and only its own backbones need it.
    import timm
    from timm.layers.norm_act import freeze_batch_norm_2d

    require_timm_model(name)
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
    """Return the modules of a :class:`TimmBody` that end the stem and each stage; [] where timm does not name them."""
    known = dict(network.named_modules())
    # timm may move children of a part to the top level, for example stages.0 as stages_0.
    found = [next((n for n in (name, name.replace(".", "_")) if n in known), None) for name in stages]
    children = list(dict(network.named_children()))
    if stem not in known and found[0] in children:
        stem = children[children.index(found[0]) - 1]
    ends = [stem if stem in known else None, *found]
    return [f"network.{end}" for end in ends] if None not in ends else []
