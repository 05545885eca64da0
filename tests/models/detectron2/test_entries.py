"""Catalogue entries: their published weights are downloaded, and a trained head is replaced."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maskwright.errors import WeightsError
from maskwright.models import catalogue
from maskwright.models.catalogue import MODELS, create_model, load_weights
from maskwright.models.detectron2 import entries
from maskwright.models.detectron2.entries import detectron2_entries, zoo_file
from maskwright.models.detectron2.zoo import ZOO, ZooModel
from tests.models.detectron2.conftest import HEADS, TINY, tiny

NAME = "detectron2_mask_rcnn_resnet50_fpn"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ZooModel:
    """Write a checkpoint of a tiny network to the place of its download."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    arrays = {name: value.numpy() for name, value in tiny().state_dict().items()}
    content = pickle.dumps({"model": arrays | {"pixel_std": arrays["roi_heads.box_head.fc1.bias"][:3]}}, 3)
    start = hashlib.md5(content).hexdigest()[:6]
    model = replace(ZOO["mask_rcnn_R_50_FPN_3x"], address=f"http://127.0.0.1:9/model_final_{start}.pkl")
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / model.file).write_bytes(content)
    monkeypatch.setattr(entries, "ZOO", {model.name: model})
    monkeypatch.setitem(catalogue.MODELS, NAME, detectron2_entries()[0])
    return model


def test_there_is_an_entry_for_both_kinds_on_each_backbone() -> None:
    names = [entry.name for entry in detectron2_entries()]
    assert len(names) == len(set(names)) == 6
    assert all(name in MODELS for name in names)
    assert set(MODELS[NAME].published) == {"coco-1x", "coco-3x", "cityscapes"}


def test_a_recipe_can_start_from_them_with_other_classes(published: ZooModel) -> None:
    options = TINY | HEADS["mask_rcnn"]
    model = create_model(NAME, 2, options)
    coverage = load_weights(model, NAME, "coco-3x")
    assert coverage is not None
    assert coverage.reshaped == 6  # scores, boxes and masks of three classes
    assert coverage.skipped == 0
    stem = "backbone.bottom_up.stem.conv1.weight"
    assert torch.equal(model.state_dict()[stem], tiny().state_dict()[stem])


def test_the_classes_of_published_weights_are_those_of_what_they_learned_from() -> None:
    published = MODELS["detectron2_point_rend_resnet50_fpn"].published
    assert {tag: len(weights.classes or ()) for tag, weights in published.items()} == {
        "coco-1x": 80, "coco-3x": 80, "cityscapes": 8,
    }  # fmt: skip
    hashes = {weights.hash.kind for weights in published.values() if weights.hash is not None}
    assert hashes == {"md5"}


def test_a_file_that_was_changed_is_fetched_again_and_not_read(published: ZooModel) -> None:
    path = zoo_file(published)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="cannot be fetched"):
        zoo_file(published)
