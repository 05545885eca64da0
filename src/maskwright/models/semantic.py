"""What every semantic model looks like from outside: images in 0..1 in, logits at the same size out."""

from typing import TypedDict

import torch
from torch import nn
from torch.nn import functional

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SemanticOutput(TypedDict, total=False):
    """``logits`` ``(B, K+1, H, W)``; ``auxiliary`` of the same shape where the network has an auxiliary head.

    Where a network learns from single points too, ``points`` ``(B, P, 2)``, from 0 to 1 across the image, x before y,
    and their ``point_logits`` ``(B, K+1, P)``.
    """

    logits: torch.Tensor
    auxiliary: torch.Tensor
    points: torch.Tensor
    point_logits: torch.Tensor


class SemanticModel(nn.Module):
    """A network with its normalisation inside, so that no caller can forget or repeat it.

    ``network`` maps normalised images ``(B, 3, H, W)`` to logits ``(B, K+1, H, W)``, or to torchvision's dictionary
    with ``out`` and ``aux``, to which it may add ``points`` and ``point_logits`` as they are named here. For a network
    that takes whole levels only, images are padded to a ``multiple`` of pixels with ImageNet's mean colour, and the
    logits are cut back.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, multiple: int = 1) -> None:
        super().__init__()
        self.network, self.multiple = network, multiple
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> SemanticOutput:
        """``images`` ``(B, 3, H, W)`` RGB float in 0..1."""
        height, width = images.shape[-2:]
        normalised = (images - self.mean) / self.std
        if height % self.multiple or width % self.multiple:
            normalised = functional.pad(normalised, (0, -width % self.multiple, 0, -height % self.multiple))
            return {"logits": self.network(normalised)[..., :height, :width]}
        output = self.network(normalised)
        if isinstance(output, torch.Tensor):
            return {"logits": output}
        named: SemanticOutput = {"logits": output["out"]}
        if "aux" in output:
            named["auxiliary"] = output["aux"]
        if "points" in output:
            named["points"], named["point_logits"] = output["points"], output["point_logits"]
        return named
