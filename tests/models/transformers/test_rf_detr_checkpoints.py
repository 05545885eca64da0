"""RF-DETR's published checkpoints: fetched once, by hash, read without running code, and matched to classes by name."""

import hashlib
import io
from argparse import Namespace
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models import catalogue
from maskwright.models.catalogue import create_model, find_model, load_weights
from maskwright.models.published_weights import fetch_weights, list_weights
from maskwright.models.transformers import rf_detr_checkpoints
from maskwright.models.transformers.rf_detr_checkpoints import RF_DETR_CHECKPOINTS, published_rf_detr, read_rf_detr
from maskwright.models.weights.head_transfer import class_rows
from maskwright.progress import Reporter
from tests.file_server import Server, serving
from tests.models.transformers.small_queries import RF_DETR

NAME = "rf_detr_seg_tiny"


def build(classes: int) -> Any:
    return create_model(NAME, classes, RF_DETR)


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A publisher of a small RF-DETR with an output for each id of COCO."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    torch.manual_seed(4)
    content = io.BytesIO()
    torch.save({"model": build(91).network.state_dict(), "args": Namespace(lr=0.1)}, content)
    with serving(content.getvalue()) as server:
        checkpoint = rf_detr_checkpoints.RfDetrCheckpoint(
            NAME, server.name, hashlib.md5(server.content, usedforsecurity=False).hexdigest(), 1.0
        )
        monkeypatch.setattr(rf_detr_checkpoints, "_ROOT", f"{server.root}/")
        monkeypatch.setitem(RF_DETR_CHECKPOINTS, NAME, checkpoint)
        entry = replace(find_model(NAME), published=published_rf_detr(NAME))
        monkeypatch.setitem(catalogue.MODELS, NAME, entry)
        yield server


def test_a_checkpoint_fills_the_heads_by_class_name_and_is_fetched_once(publisher: Server) -> None:
    published = find_model(NAME).published["coco"]
    assert published.classes is not None
    assert (published.classes[0], published.classes[3], len(published.classes)) == ("N/A 0", "car", 91)
    torch.manual_seed(4)
    source = build(91)
    model = build(2)
    fresh = model.network.model.class_embed.weight[1].clone()
    rows = class_rows(model, build, published.classes, ["car", "disc"])
    report = load_weights(model, NAME, "coco", rows)
    assert report is not None
    assert (report.share, report.classes) == (1.0, ["car"])
    head = model.network.model.class_embed.weight
    assert torch.equal(head[0], source.network.model.class_embed.weight[3])
    assert torch.equal(head[1], fresh)
    assert torch.equal(model.network.segmentation_bias, source.network.segmentation_bias)
    fetch_weights(NAME, Reporter(quiet=True))
    assert len(publisher.asked) == 1


def test_the_list_has_the_publisher_s_figures_and_licence() -> None:
    found = {each["name"]: each for each in list_weights() if each["publisher"] == "Roboflow"}
    assert {name: each["mask_AP"] for name, each in found.items()} == {
        "rf_detr_seg_nano": 40.3, "rf_detr_seg_small": 43.1, "rf_detr_seg_medium": 45.3, "rf_detr_seg_large": 47.1,
    }  # fmt: skip
    terms = {(each["licence"], each["terms"], each["accept"]) for each in found.values()}
    assert terms == {("Apache-2.0", "open", None)}


def test_other_values_than_numbers_are_refused(tmp_path: Path) -> None:
    torch.save({"model": {}, "args": Fraction(1, 2)}, tmp_path / "a.pth")
    with pytest.raises(Exception, match="Fraction"):
        read_rf_detr(tmp_path / "a.pth")


def test_a_model_without_a_checkpoint_has_no_weights() -> None:
    assert published_rf_detr("rf_detr_seg_tiny") == {}
    with pytest.raises(UsageError, match="rf_detr_seg_nano"):
        fetch_weights("rf_detr_seg_nan")
