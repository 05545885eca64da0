"""Two processes train query models: some of their parameters get no gradient, for which the others would wait.

On the same global batch they have the losses and weights of one process.
"""

import csv
import math
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from maskwright.run_folder import MODEL_FILE
from tests.drills.together import HERE, start_together
from tests.drills.warm import Warm
from tests.runs.test_query_models import recipe_of


@pytest.mark.parametrize("name", ["rf_detr_seg_tiny", "mask2former_tiny"])
def test_two_processes_share_a_batch_and_an_uneven_validation(name: str, machine: Warm, tmp_path: Path) -> None:
    recipe = recipe_of(name, epochs=1, workers=0)
    recipe["data"]["shapes"]["validation"] = 3
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    command = ["train", str(tmp_path / "recipe.yaml"), "--out", str(tmp_path / "run"), "--quiet"]
    for running in start_together(machine, command, "train"):
        assert running.wait(300) == 0, running.said()
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert math.isfinite(float(row["train/loss"]))
    assert math.isfinite(float(row["validation/loss"]))


# Without what differs by design: BatchNorm takes its statistics from the images that a process has.
FROZEN = {"mask2former_tiny": {"frozen_norm": True}}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["mask2former_tiny", "eomt_tiny", "eomt_tiny_semantic"])
def test_two_processes_have_the_losses_of_one_on_the_same_batch(name: str, machine: Warm, tmp_path: Path) -> None:
    """Of one step; random points are the same for a mask wherever it is."""
    # SGD, because Adam makes full steps of gradients that are rounding alone.
    recipe = recipe_of(name, epochs=1, workers=0, batch_size=4, optimizer={"name": "sgd", "lr": 0.01})
    recipe["data"]["shapes"] = {"train": 4, "validation": 2, "seed": 1}
    recipe["train"]["validation_loss"] = False
    if recipe["task"] == "instance":  # 33 to 64 pixels a side become 64, so that no half of a batch is padded to less
        recipe["model"]["input"] = {"size": 64, "longest": 64}
    recipe["model"]["options"] = {**recipe["model"]["options"], **FROZEN.get(name, {})}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    commands = [["train", str(tmp_path / "recipe.yaml"), "--out", str(tmp_path / out), "--quiet"] for out in "ab"]
    code, said = machine.run(commands[0], function=f"{HERE}train_on_equal_draws", seconds=300)
    assert code == 0, said
    for running in start_together(machine, commands[1], "train_on_equal_draws"):
        assert running.wait(300) == 0, running.said()
    rows = []
    for out in "ab":
        with (tmp_path / out / "metrics.csv").open(newline="") as file:
            rows.append(list(csv.DictReader(file)))
    for one, two in zip(*rows, strict=True):
        losses = [key for key in one if key.startswith("train/") and one[key]]
        assert "train/loss" in losses
        for key in losses:
            assert float(two[key]) == pytest.approx(float(one[key]), rel=1e-4), key
    one, two = (load_file(tmp_path / out / "checkpoints" / "last" / MODEL_FILE) for out in "ab")
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-3, atol=1e-4, msg=key)
