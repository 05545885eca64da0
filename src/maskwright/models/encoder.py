"""The encoder (backbone) of a model: the part that pretrained weights fill."""

import re

from torch import nn

from maskwright.errors import UsageError

# In smp and the U-Net, torchvision's segmentation models, its Mask R-CNN, Detectron2's, Mask2Former, SegFormer,
# RF-DETR, and EoMT, which has it in two parts.
_PLACES = (
    ("network.encoder",), ("network.backbone",), ("backbone.body",), ("backbone.bottom_up",),
    ("network.model.pixel_level_module.encoder",), ("network.network.segformer",), ("network.model.model.backbone",),
    ("network.embeddings", "network.layers"),
)  # fmt: skip


# The number of a layer, or of a stage, in the name of a parameter; and what comes before the first one.
_LAYER = re.compile(r"(?:^|\.)(?:layers?|stages|blocks|features)\.(\d+)\.")
_BEFORE = ("embeddings.", "patch_embed", "stem.")


def encoder_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return the parameters of the encoder of a model of the catalogue.

    Raises ``UsageError`` when the model has no encoder apart from its head.
    """
    return [parameter for _, parameter in _named_parameters(module)]


def encoder_layers(module: nn.Module) -> list[list[nn.Parameter]]:
    """Return the parameters of the encoder by layer, from the one nearest to the image to the last.

    What comes before the first layer, such as the patch embedding, is a layer of its own. What comes after the last one
    is of it. A hierarchical encoder has its stages for layers.

    Raises ``UsageError`` when the model has no encoder apart from its head, or none whose layers have numbers.
    """
    named = _named_parameters(module)
    numbers = [int(found[1]) if (found := _LAYER.search(name)) else None for name, _ in named]
    last = max((number for number in numbers if number is not None), default=-1)
    if last < 1:
        raise UsageError(
            f"{type(module).__name__}: the layers of its encoder have no numbers; expected a transformer or another "
            "encoder of numbered layers. Leave out train.optimizer.encoder_layer_decay."
        )
    layers: list[list[nn.Parameter]] = [[] for _ in range(last + 2)]
    for (name, parameter), number in zip(named, numbers, strict=True):
        first = any(part in name for part in _BEFORE)
        layers[number + 1 if number is not None else 0 if first else last + 1].append(parameter)
    return [layer for layer in layers if layer]


def _named_parameters(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    submodules = dict(module.named_modules())
    for places in _PLACES:
        if all(place in submodules for place in places):
            return [
                (f"{place.rpartition('.')[2]}.{name}", parameter)
                for place in places
                for name, parameter in submodules[place].named_parameters()
            ]
    known = ", ".join(place for places in _PLACES for place in places)
    raise UsageError(
        f"{type(module).__name__}: has no encoder apart from its head; expected one of {known}. "
        "Leave out train.optimizer.encoder_lr_factor and train.head_only_epochs."
    )
