"""A run in folds: the merged predictions are scored as any tool's, and a review takes their folder."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.run_folder import RunFolder
from maskwright.runs.folds.plan import HELD_OUT
from tests.small_runs import SHARED, SMALL


@pytest.fixture(scope="module")
def folds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "folds"
    assert main(["run", *SMALL["instance"], *SHARED, "--set", "train.epochs=1", "--folds", "2", "--out", str(out)]) == 0
    return out


def test_each_image_is_predicted_once_by_the_run_that_did_not_learn_it(folds: Path) -> None:
    merged = json.loads((folds / "instances.json").read_text())
    parts = []
    for number in (1, 2):
        run = RunFolder(folds / f"fold-{number}")
        held = json.loads((folds / "data" / f"fold-{number}" / "test.json").read_text())
        found = json.loads((run.predictions(HELD_OUT) / "instances.json").read_text())
        assert {each["image_id"] for each in found} <= {image["id"] for image in held["images"]}
        parts += found
    assert merged == parts


def test_the_pooled_scores_are_those_of_score_instance(folds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["score", "instance", str(folds / "data" / "train" / "annotations.json"), str(folds / "instances.json")]
    assert main([*words, "--area", "mask", "--no-details", "--json", "--quiet"]) == 0
    scores = json.loads(capsys.readouterr().out)
    pooled = json.loads((folds / "folds.json").read_text())["pooled"]
    for kind in ("segm", "bbox"):
        assert pooled[kind] == pytest.approx({name: scores[kind][name] for name in pooled[kind]}, abs=1e-12)


def test_finished_folds_are_not_done_again(folds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in folds.glob("fold-*/checkpoints/best/*")}
    words = ["run", *SMALL["instance"], *SHARED, "--set", "train.epochs=1", "--folds", "2", "--out", str(folds)]
    assert main([*words, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 8
    assert {path: path.stat().st_mtime_ns for path in folds.glob("fold-*/checkpoints/best/*")} == before


def test_a_review_takes_the_folder(folds: Path, tmp_path: Path) -> None:
    train = folds / "data" / "train"
    words = ["review", str(train / "annotations.json"), str(folds), "--images", str(train / "images")]
    assert main([*words, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert (tmp_path / "out" / "review.html").is_file()


def test_folds_go_with_no_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "demo-instance", "--folds", "2", "--sweep", "loss=ce", "--out", str(tmp_path / "o")]) == 2
    assert "--folds: expected no --sweep" in capsys.readouterr().err
