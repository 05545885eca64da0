"""Scores of a model file: those of the run that it comes from."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.files import read_json


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_an_export_has_the_scores_of_its_run(
    task: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    file, run = request.getfixturevalue(f"{task}_onnx"), request.getfixturevalue(f"{task}_run")
    data = run / "data" / "validation"
    on = ["--annotations", str(data / "annotations.json"), "--images", str(data / "images"), "--name", "ours"]
    capsys.readouterr()
    assert main(["evaluate", str(file), *on, "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)["ours"]
    expected = read_json(run / "scores.json")["validation"]
    if task == "semantic":
        assert found["pixel_accuracy"] == pytest.approx(expected["pixel_accuracy"], abs=2e-3)
        return
    assert found["segm"]["AP"] == pytest.approx(expected["segm"]["AP"], abs=1e-3)
    assert found["bbox"]["AP50"] == pytest.approx(expected["bbox"]["AP50"], abs=1e-3)


def test_the_scores_are_lines(semantic_onnx: Path, semantic_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = semantic_run / "data" / "validation"
    on = ["--annotations", str(data / "annotations.json"), "--images", str(data / "images")]
    assert main(["evaluate", str(semantic_onnx), *on, "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("other: mIoU ")


def test_a_file_without_data_is_refused(semantic_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = semantic_run / "checkpoints" / "best" / "model.safetensors"
    assert main(["evaluate", str(file)]) == 2
    assert "expected --annotations and --images" in capsys.readouterr().err
