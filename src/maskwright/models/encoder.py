"""The encoder (backbone) of a model: the part that pretrained weights fill."""

from torch import nn

from maskwright.errors import UsageError

# In smp and the U-Net, in torchvision's segmentation models, in its Mask R-CNN and in Detectron2's.
_PLACES = ("network.encoder", "network.backbone", "backbone.body", "backbone.bottom_up")


def encoder_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return the parameters of the encoder of a model of the catalogue.

    Raises ``UsageError`` when the model has no encoder apart from its head.
    """
    submodules = dict(module.named_modules())
    for place in _PLACES:
        if place in submodules:
            return list(submodules[place].parameters())
    raise UsageError(
        f"{type(module).__name__}: has no encoder apart from its head; expected one of {', '.join(_PLACES)}. "
        "Leave out train.optimizer.encoder_lr_factor and train.head_only_epochs."
    )
