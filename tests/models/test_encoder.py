"""The encoder is the part that ImageNet weights fill."""

import pytest
import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model
from maskwright.models.encoder import encoder_layers, encoder_parameters
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


@pytest.mark.parametrize(
    ("name", "layers", "first", "last"),
    [
        ("rf_detr_seg_small", 13, "backbone.backbone.embeddings", "backbone.projector"),
        ("eomt_base", 13, "network.embeddings", "network.layers.11"),
        ("mask2former_swin_tiny", 5, "swin.embeddings", "hidden_states_norms"),
        ("segformer_b0", 4, "segformer.stages.0", "segformer.stages.3"),
    ],
)
def test_the_layers_of_an_encoder_go_from_the_image_on(name: str, layers: int, first: str, last: str) -> None:
    with torch.device("meta"):
        model = create_model(name, 2, {})
    found = encoder_layers(model)
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    assert len(found) == layers
    assert sorted(map(id, encoder_parameters(model))) == sorted(id(p) for layer in found for p in layer)
    assert all(first in names[id(parameter)] for parameter in found[0])
    assert any(last in names[id(parameter)] for parameter in found[-1])


def test_an_encoder_without_numbered_layers_is_told_so() -> None:
    with torch.device("meta"):
        model = create_model("residual_attention_unet", 2, {"widths": [4, 8], "bottleneck": 8})
    with pytest.raises(UsageError, match=r"Leave out train\.optimizer\.encoder_layer_decay"):
        encoder_layers(model)
