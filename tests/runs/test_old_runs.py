"""Run folders of an earlier version are reported, evaluated, continued and scored as those of today.

``old_runs`` was made by commit f479161: two trainings of two epochs on two images each, the semantic one also evaluated
by ``forms.yaml``. What a stage makes again is left out, as are the weights of the instance model, which are large; of
the semantic one, ``best`` is the checkpoint after the first epoch. Folders outside of the runs are called ``/old``.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import maskwright as mw
from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.model_file import read_model_file
from maskwright.runs.data_check import data_changes
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.synthetic.shapes import write_shapes

OLD = Path(__file__).parent / "old_runs"
QUIET = mw.Reporter(quiet=True)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory with the old runs ``semantic`` and ``instance``."""
    shutil.copytree(OLD, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_the_folder_is_read_under_the_names_of_today(old: Path) -> None:
    run = mw.RunFolder(old / "semantic")
    assert (run.card["name"], run.card["task"], run.card["seed"]) == ("demo-semantic", "semantic", 0)
    assert mw.ClassTable.from_json(run.card["classes"]).names == ["disc", "square", "triangle", "ring"]
    assert list(run.stages) == ["check", "masks", "train", "evaluate", "report"]
    assert "elsewhere" in read_json(run.scores_file)["validation-forms"]
    assert "elsewhere" not in run.scores["validation-forms"]
    assert mw.CrossEvaluation(**run.scores["validation-forms"].get("cross_evaluation", {})).taxonomy == "forms.yaml"


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_its_data_are_those_of_today(task: str, old: Path) -> None:
    run = open_run(old / task, QUIET)
    assert data_changes(run, Experiment(run).prepared) == []


@pytest.mark.parametrize(
    ("task", "parts"), [("semantic", {"validation", "validation-forms"}), ("instance", {"validation"})]
)
def test_it_is_reported(task: str, parts: set[str], old: Path) -> None:
    assert main(["report", task, "--quiet"]) == 0
    panels = read_json(old / task / "figures" / "panels.json")
    assert {panel["caption"].partition(":")[0] for panel in panels} == parts
    page = (old / task / "report.html").read_text(encoding="utf-8")
    assert all(part in page for part in parts)


def test_its_model_predicts_and_evaluates_to_the_scores_it_has(old: Path) -> None:
    model = mw.load_model("semantic", task="semantic")
    assert (model.card.epoch, model.card.name) == (1, "residual_attention_unet")
    run = mw.RunFolder(old / "semantic")
    before = run.scores
    after = mw.evaluate("semantic", QUIET)
    after = mw.evaluate("semantic", QUIET, on=mw.CrossEvaluation(taxonomy="forms.yaml"))
    assert list(after) == list(before)
    for part, scores in before.items():
        # Old versions predicted on images that were shrunk by area average, which training never did.
        assert after[part].get("mIoU") == pytest.approx(scores.get("mIoU"), abs=2e-3)
        assert after[part].keys() == scores.keys() | {
            "intervals",
            "panoptic",
            "worst_images",
        }  # unknown to old versions


def test_run_finds_every_stage_done(old: Path) -> None:
    kept = {path: path.read_bytes() for path in [Path("semantic/scores.json"), Path("semantic/stages.json")]}
    run = mw.run("semantic/recipe.yaml", out="semantic", reporter=QUIET)
    assert {path: path.read_bytes() for path in kept} == kept
    assert not run.page.exists()


def test_its_training_goes_on_from_its_checkpoint(old: Path) -> None:
    run = mw.RunFolder(old / "semantic")
    _, expected = read_model_file(run.checkpoints / "last" / "model.safetensors")
    shutil.rmtree(run.checkpoints / "last")
    shutil.copytree(run.checkpoints / "best", run.checkpoints / "last")
    run.stages_file.write_text(json.dumps({name: run.stages[name] for name in ("check", "masks")}), encoding="utf-8")
    mw.train("semantic/recipe.yaml", out=run.folder, resume=True, reporter=QUIET)
    card, weights = read_model_file(run.checkpoints / "last" / "model.safetensors")
    assert card.epoch == 2
    assert len(run.metrics_file.read_text().splitlines()) == 3
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-3, atol=1e-5)


def known(now: Any, then: Any) -> Any:
    """What ``now`` says under the keys that ``then`` has; numbers that were not told then are left out."""
    if isinstance(then, dict):
        return {key: known(now[key], value) for key, value in then.items()}
    if isinstance(then, list) and len(now) == len(then):
        return [known(*pair) for pair in zip(now, then, strict=True)]
    return now


def test_its_predictions_are_scored_as_then(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = write_shapes(old / "data", 2, seed=1)
    results = old / "instance" / "predictions" / "validation" / "instances.json"
    assert main(["score", "instance", str(truth), str(results), "--json", "--quiet"]) == 0
    then = read_json(old / "instance" / "scores.json")["validation"]
    now = json.loads(capsys.readouterr().out)
    assert then.keys() >= {"bbox", "segm", "classes", "tide", "at_score", "worst_images"}
    # Runs went by box area then, as the command does, and did not say so.
    rules = then.pop("protocol").removeprefix("COCO evaluation")
    comparable = "COCO evaluation, comparable with published numbers for the same images and classes"
    assert now["protocol"] == f"{comparable}{rules}; sizes of detected masks by box area"
    before, tide = then.pop("tide"), now["tide"]
    assert known(now, then) == then
    # The costs were computed by another program then, which rounds otherwise.
    assert {kind: row["count"] for kind, row in tide["errors"].items()} == {
        kind: row["count"] for kind, row in before["errors"].items()
    }
    costs = {kind: row["dAP"] for kind, row in before["errors"].items()}
    assert {kind: row["dAP"] for kind, row in tide["errors"].items()} == pytest.approx(costs, rel=0, abs=1e-12)
