"""Common interface of semantic models: RGB images in 0..1 as input, logits of the same size as output."""

from typing import Required, TypedDict

import torch
from torch import nn
from torch.nn import functional

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SemanticOutput(TypedDict, total=False):
    """Outputs of a semantic model: ``logits`` ``(B, K+1, H, W)``, background first.

    ``auxiliary`` has the same shape, where the network has an auxiliary head. A network that is trained on single
    points as well gives ``points`` ``(B, P, 2)``, x before y, from 0 to 1 across the image, and ``point_logits``
    ``(B, K+1, P)``.
    """

    logits: Required[torch.Tensor]
    auxiliary: torch.Tensor
    points: torch.Tensor
    point_logits: torch.Tensor


class SemanticModel(nn.Module):
    """A network with ImageNet's normalisation inside, so that no caller can forget or repeat it.

    ``network`` maps normalised images ``(B, 3, H, W)`` to logits ``(B, K+1, H, W)``, or to torchvision's dictionary
    with ``out`` and ``aux``, to which it may add ``points`` and ``point_logits`` as :class:`SemanticOutput` has them.
    For a network that returns logits alone and needs whole levels, ``multiple`` is the number of pixels to a multiple
    of which images are padded with ImageNet's mean colour; the logits are cropped back.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, multiple: int = 1) -> None:
        super().__init__()
        self.network, self.multiple = network, multiple
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> SemanticOutput:
        """Return the outputs of the network for ``images`` ``(B, 3, H, W)``, RGB float32 in 0..1."""
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
