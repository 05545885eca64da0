"""The encoder is the part that ImageNet weights fill."""

import pytest
import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model
from maskwright.models.encoder import encoder_parameters
from maskwright.models.semantic import SemanticModel


@pytest.mark.parametrize(
    ("name", "options", "place"),
    [
        ("smp:Unet/resnet18", {}, "network.encoder"),
        ("deeplabv3_mobilenet_v3_small", {}, "network.backbone"),
        ("residual_attention_unet", {"widths": [4, 8], "bottleneck": 8}, "network.encoder"),
        ("mask_rcnn_small", {}, "backbone.body"),
    ],
)
def test_the_encoder_is_found_in_every_family(name: str, options: dict, place: str) -> None:
    with torch.device("meta"):
        model = create_model(name, 2, options)
    ours = encoder_parameters(model)
    theirs = list(model.get_submodule(place).parameters())
    assert 0 < len(ours) < len(list(model.parameters()))
    assert all(a is b for a, b in zip(ours, theirs, strict=True))


def test_a_model_without_an_encoder_is_told_so() -> None:
    with pytest.raises(UsageError, match=r"no encoder.*Leave out train\.optimizer\.encoder_lr_factor"):
        encoder_parameters(SemanticModel(nn.Conv2d(3, 2, 1)))
