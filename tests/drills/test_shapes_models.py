"""What the instance models reach on the built-in shapes at full length: an hour, so run with ``-m slow``."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

MASK_RCNN, POINT_REND = "mask_rcnn:resnet18", "point_rend:resnet18"
MODELS = [MASK_RCNN, "cascade_mask_rcnn:resnet18", "panet:resnet18"]


def trained(model: str, out: Path, *more: str) -> dict[str, Any]:
    """Run ``demo-instance`` with ``model`` into ``out``; returns the validation scores."""
    assert main(["run", "demo-instance", "--set", f"model.name={model}", *more, "--out", str(out), "--quiet"]) == 0
    return json.loads((out / "scores.json").read_text())["validation"]


@pytest.mark.parametrize("model", MODELS)
def test_each_model_reaches_its_mask_ap_and_by_its_seed_the_same_again(model: str, tmp_path: Path) -> None:
    scores = trained(model, tmp_path / "once")
    assert scores["segm"]["AP"] >= 0.55
    assert trained(model, tmp_path / "again") == scores
    once, again = (
        load_file(tmp_path / name / "checkpoints" / "last" / "model.safetensors") for name in ("once", "again")
    )
    assert once.keys() == again.keys()
    assert all(torch.equal(once[key], again[key]) for key in once)


def boundary_iou(run: Path, out: Path) -> float:
    """Mean boundary IoU over all true objects of the run's validation part, 0 where one is missed."""
    truth, results = run / "data" / "validation" / "annotations.json", run / "predictions" / "validation"
    call = ["score", "instance", str(truth), str(results / "instances.json"), "--boundary", "--out", str(out)]
    assert main([*call, "--quiet"]) == 0
    return json.loads((out / "scores.json").read_text())["overlap"]["boundary"]["mean_IoU"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_point_rend_follows_edges_better_than_mask_rcnn_trained_as_long(seed: int, tmp_path: Path) -> None:
    found = []
    for model in (MASK_RCNN, POINT_REND):
        run = tmp_path / model.partition(":")[0]
        more = ["model.options.coarse_features=128"] if model == POINT_REND else []
        trained(model, run, *(part for each in [f"seed={seed}", *more] for part in ("--set", each)))
        found.append(boundary_iou(run, tmp_path / f"{run.name}-scores"))
    assert found[1] > found[0]
