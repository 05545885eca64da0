"""Two processes train query models: some of their parameters get no gradient, for which the others would wait."""

import csv
import math
from pathlib import Path

import pytest
import yaml

from tests.drills.together import start_together
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
