"""What the query models reach by heart on eight shapes images at 128 pixels: minutes each, so run with ``-m slow``."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

# 300 steps each; the rates suit random weights. RF-DETR stretches images to squares.
BY_HEART: dict[str, tuple[float, float]] = {
    "mask2former_tiny": (0.9, 1e-3),
    "eomt_tiny": (0.85, 1e-3),
    "rf_detr_seg_tiny": (0.75, 1e-3),
}
INPUT = {"rf_detr_seg_tiny": {"size": 128}}


def learnt(name: str, rate: float, out: Path) -> float:
    """Train the model ``name`` on eight images for 300 steps; return its mask AP on them."""
    recipe: dict[str, Any] = {
        "name": "by-heart",
        "task": "instance",
        "data": {"shapes": {"train": 8, "validation": 1}},
        "model": {"name": name, "input": INPUT.get(name, {"size": 96, "longest": 128})},
        "train": {
            "epochs": 150, "batch_size": 4, "validate_every": 150, "measure_training": True, "threads": 1,
            "optimizer": {"name": "adamw", "lr": rate, "weight_decay": 1e-4},
            "schedule": {"name": "cosine", "warmup_steps": 20}, "clip_norm": 1.0,
        },
    }  # fmt: skip
    file = out.parent / f"{name}.yaml"
    file.write_text(yaml.safe_dump(recipe))
    assert main(["train", str(file), "--out", str(out), "--quiet"]) == 0
    with (out / "metrics.csv").open(newline="") as table:
        return float(list(csv.DictReader(table))[-1]["train/segm_AP"])


@pytest.mark.parametrize("name", BY_HEART)
def test_eight_images_are_learnt_by_heart_from_random_weights(name: str, tmp_path: Path) -> None:
    least, rate = BY_HEART[name]
    assert learnt(name, rate, tmp_path / "run") >= least
