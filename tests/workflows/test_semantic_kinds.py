"""A semantic model that learns from single points too, from a recipe to a page and label maps."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

from maskwright.cli.main import main
from maskwright.masks.png import read_label_map

RECIPE = [
    "demo-semantic", "--set", "model.name=deeplabv3_point_rend_mobilenet_v3_small", "--set",
    "model.options={rates: [1, 2], point_features: 16, training_points: 64, subdivision_points: 256}",
    "--set", "data.shapes={train: 4, validation: 2}", "--set", "train.epochs=2", "--set", "train.checkpoint_every=1",
    "--set", "train.schedule.warmup_steps=0", "--set", "report.panels=1", "--quiet",
]  # fmt: skip
MODEL = Path("checkpoints") / "last" / "model.safetensors"


def test_point_rend_runs_goes_on_after_a_kill_with_the_same_bits_and_predicts(tmp_path: Path) -> None:
    run, broken = tmp_path / "run", tmp_path / "broken"
    assert main(["run", *RECIPE, "--out", str(run)]) == 0
    with (run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    parts = [float(rows[0][f"train/{name}"]) for name in ("cross_entropy", "points")]
    assert all(part > 0 for part in parts)
    np.testing.assert_allclose(float(rows[0]["train/loss"]), sum(parts), rtol=1e-5)
    assert 0 <= json.loads((run / "scores.json").read_text())["validation"]["mIoU"] <= 1
    assert "points" in (run / "report.html").read_text()

    shutil.copytree(run, broken)
    for name in ("last", "best"):  # as a kill during epoch 2 leaves them
        shutil.rmtree(broken / "checkpoints" / name)
        shutil.copytree(run / "checkpoints" / "epoch-0001", broken / "checkpoints" / name)
    (broken / "stages.json").write_text(json.dumps({"check": {"seconds": 0}, "masks": {"seconds": 0}}))
    assert main(["train", str(broken / "recipe.yaml"), "--out", str(broken), "--resume", "--quiet"]) == 0
    one, other = load_file(run / MODEL), load_file(broken / MODEL)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert any("point_head" in key for key in one)

    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "odd.png"), np.random.default_rng(0).integers(0, 256, (51, 83, 3), np.uint8))
    assert main(["predict", str(run), str(photos), "--out", str(tmp_path / "found"), "--quiet"]) == 0
    assert read_label_map(tmp_path / "found" / "label_maps" / "odd.png").shape == (51, 83)
