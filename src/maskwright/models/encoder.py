"""The encoder (backbone) of a model: the part that pretrained weights fill."""

from torch import nn

from maskwright.errors import UsageError

# In smp and the U-Net, torchvision's segmentation models, its Mask R-CNN, Detectron2's, Mask2Former, SegFormer,
# RF-DETR, and EoMT, which has it in two parts.
_PLACES = (
    ("network.encoder",), ("network.backbone",), ("backbone.body",), ("backbone.bottom_up",),
    ("network.model.pixel_level_module.encoder",), ("network.network.segformer",), ("network.model.model.backbone",),
    ("network.embeddings", "network.layers"),
)  # fmt: skip


def encoder_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return the parameters of the encoder of a model of the catalogue.

    Raises ``UsageError`` when the model has no encoder apart from its head.
    """
    submodules = dict(module.named_modules())
    for places in _PLACES:
        if all(place in submodules for place in places):
            return [parameter for place in places for parameter in submodules[place].parameters()]
    known = ", ".join(place for places in _PLACES for place in places)
    raise UsageError(
        f"{type(module).__name__}: has no encoder apart from its head; expected one of {known}. "
        "Leave out train.optimizer.encoder_lr_factor and train.head_only_epochs."
    )
