"""Names of published checkpoints, as the library writes them; tests/oracles/test_rf_detr.py has RF-DETR's outputs."""

from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.models.catalogue import create_model, load_weights
from maskwright.models.transformers.mask2former import SWIN_BACKBONES
from maskwright.models.weights.transformers_names import library_names
from tests.models.transformers.small_queries import EOMT, RF_DETR, SMALL
from tests.models.transformers.test_entries import SMALL_SWIN


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


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mask2former_swin_tiny", SMALL),
        ("segformer_b0", {}),
        ("eomt_tiny", EOMT),
        ("eomt_dinov3_small", EOMT),
        ("rf_detr_seg_tiny", RF_DETR),
    ],
)
def test_a_file_that_the_library_writes_fills_the_whole_model(
    name: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the names of the publisher's files, whatever its own are."""
    monkeypatch.setitem(SWIN_BACKBONES, "swin_tiny", SMALL_SWIN)
    torch.manual_seed(1)
    source: Any = create_model(name, 3, options)
    library = source.network.network if name.startswith("segformer") else source.network
    library.save_pretrained(tmp_path)
    model = create_model(name, 3, options)
    report = load_weights(model, name, str(tmp_path / "model.safetensors"))
    assert report is not None
    assert (report.share, report.skipped, report.missing) == (1.0, 0, [])
    for key, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key
