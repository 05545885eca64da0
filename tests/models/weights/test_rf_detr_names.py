"""Names of RF-DETR's checkpoints; tests/oracles/test_rf_detr.py has all of them, with the outputs."""

import torch

from maskwright.models.weights.rf_detr_names import library_names


def test_names_become_those_of_the_library_and_stacked_projections_are_split() -> None:
    state = {
        "segmentation_head.query_features_proj.weight": torch.zeros(2, 2),
        "segmentation_head.blocks.3.pwconv1.bias": torch.zeros(2),
        "class_embed.bias": torch.zeros(91),
        "transformer.decoder.layers.1.self_attn.in_proj_bias": torch.arange(6.0),
        "backbone.0.encoder.encoder.encoder.layer.11.attention.attention.key.weight": torch.zeros(1, 1),
        "backbone.0.projector.stages.0.0.m.2.cv1.bn.weight": torch.zeros(1),
    }
    found = library_names(state)
    assert list(found) == [
        "query_features_proj.weight",
        "blocks.3.pointwise_conv.bias",
        "model.class_embed.bias",
        *(f"model.model.decoder.layers.1.self_attn.{part}_proj.bias" for part in "qkv"),
        "model.model.backbone.backbone.encoder.layer.11.attention.k_proj.weight",
        "model.model.backbone.projector.projector_layer.bottlenecks.2.conv1.norm.weight",
    ]
    assert found["model.model.decoder.layers.1.self_attn.k_proj.bias"].tolist() == [2, 3]


def test_other_networks_keep_their_names() -> None:
    state = {"transformer.decoder.norm.weight": torch.zeros(1)}
    assert library_names(state) == state
