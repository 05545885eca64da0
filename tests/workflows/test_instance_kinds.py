"""Every kind of instance model from a checkpoint to COCO results, through the command line."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pycocotools import mask as oracle

from maskwright.cli.main import main
from maskwright.model_file import ModelCard
from maskwright.models import catalogue
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import save_checkpoint

SIZES = {"wide.png": (60, 97), "tall.png": (80, 51)}
NARROW = {
    "pyramid_channels": 16, "box_features": 16, "mask_channels": [8, 8], "short_side": 64, "longest": 96,
    "proposals_test": 20, "detections": 6, "score_threshold": 0.0,
}  # fmt: skip
KINDS = {
    "mask_rcnn_small": {},
    "cascade_mask_rcnn_small": {},
    "panet_small": {},
    "mask_rcnn:resnet18": {"version": 2, "trainable_layers": 2},
    "panet:mobilenet_v2": {"cascade_ious": [0.5, 0.7], "stage_weights": [1.0, 0.5], "mask_scoring": True},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_checkpoint_of_every_kind_predicts_masks_of_the_images_sizes(name: str, tmp_path: Path) -> None:
    for file, size in SIZES.items():
        cv2.imwrite(str(tmp_path / file), np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8))
    torch.manual_seed(0)
    options = NARROW | KINDS[name]
    classes = ClassTable.from_names(["cat", "dog"]).to_json()
    section = {"resize": "short-side", "size": 64, "longest": 96, "multiple": 1}
    card = ModelCard(name, "instance", options, classes, section, epoch=1, scores={}, recipe="")
    model = catalogue.create_model(name, 2, options)
    save_checkpoint(tmp_path / "checkpoint", card, model.state_dict(), {})
    call = ["predict", str(tmp_path / "checkpoint"), str(tmp_path), "--out", str(tmp_path / "out"), "--score", "0"]
    assert main([*call, "--device", "cpu", "--quiet"]) == 0
    records = json.loads((tmp_path / "out" / "instances.json").read_text())
    assert {record["file_name"] for record in records} == set(SIZES)
    for record in records:
        size = SIZES[record["file_name"]]
        assert tuple(record["segmentation"]["size"]) == size
        assert oracle.decode(record["segmentation"]).shape == size
        assert record["category_id"] in (1, 2)
        assert 0 <= record["score"] <= 1
    for file in SIZES:
        scores = [record["score"] for record in records if record["file_name"] == file]
        assert scores == sorted(scores, reverse=True)
