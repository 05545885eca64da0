"""Export through the command line: files that answer as the model does, and the proof beside them."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.masks.png import read_label_map
from maskwright.runs.loaded_model import load_model


def data_of(run: Path) -> tuple[str, str]:
    """The annotations and the images of a run's validation."""
    folder = run / "data" / "validation"
    return str(folder / "annotations.json"), str(folder / "images")


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_certificate_stands_beside_the_file(task: str, request: pytest.FixtureRequest) -> None:
    file: Path = request.getfixturevalue(f"{task}_onnx")
    beside = read_json(file.with_name(f"{file.name}.json"))
    certificate = beside["certificate"]
    assert certificate["accepted"] is True
    assert certificate["images"] == {"source": "annotations.json", "count": 6}
    assert all(each["share"] <= 0.0001 for each in certificate["differences"].values())
    assert len(certificate["worst_images"]) == 5
    scores = certificate["scores"]
    assert set(scores) == ({"mIoU"} if task == "semantic" else {"segm AP", "bbox AP"})
    assert all(abs(each["difference"]) <= 0.001 for each in scores.values())
    assert [each["name"] for each in beside["classes"]] == ["disc", "square", "triangle", "ring"]
    assert {"model.safetensors", file.name} == set(beside["hashes"])
    assert beside["input"]["shape"][-2:] == ["H", "W"]
    picture = cv2.imread(str(file.with_name(f"{file.name}.worst.jpg")))
    assert picture is not None
    assert picture.shape[0] > 5 * 240


def test_predictions_of_the_file_are_those_of_the_run(semantic_run: Path, semantic_onnx: Path, tmp_path: Path) -> None:
    _, images = data_of(semantic_run)
    for model, name in ((semantic_run, "torch"), (semantic_onnx, "onnx")):
        out = str(tmp_path / name)
        assert main(["predict", str(model), images, "--out", out, "--no-overlays", "--batch", "3", "--quiet"]) == 0
    for file in (tmp_path / "torch" / "label_maps").iterdir():
        other = read_label_map(tmp_path / "onnx" / "label_maps" / file.name)
        assert (read_label_map(file) != other).mean() <= 0.001


def test_objects_of_the_file_are_those_of_the_run(instance_run: Path, instance_onnx: Path) -> None:
    photos = sorted(Path(data_of(instance_run)[1]).iterdir())
    exported = load_model(instance_onnx, task="instance")
    for one, other in zip(load_model(instance_run, "cpu").predict(photos), exported.predict(photos), strict=True):
        assert len(one) == len(other)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=0.01)
        apart = np.logical_xor(one.dense(), other.dense()).sum()
        assert apart <= 0.001 * one.dense().size


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_openvino_answers_the_same(
    task: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("onnx")
    run: Path = request.getfixturevalue(f"{task}_run")
    out, images = tmp_path / "model.xml", data_of(run)[1]
    arguments = ["export", str(run), "--to", "openvino", "--out", str(out), "--images", images]
    capsys.readouterr()  # the training, where this test is the first to ask for the run
    assert main([*arguments, "--json", "--quiet"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["certificate"]["accepted"] is True
    assert {"model.xml", "model.bin"} <= set(shown["hashes"])
    assert load_model(out).classes.names == ["disc", "square", "triangle", "ring"]


def test_eight_bits_are_judged_by_the_scores(
    semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    on, images = data_of(semantic_run)
    arguments = ["export", str(semantic_run), "--int8", "--on", on, "--images", images, "--quiet"]
    out = tmp_path / "small.onnx"
    assert main([*arguments, "--out", str(out), "--tolerance", "1"]) == 0
    beside = read_json(tmp_path / "small.onnx.json")
    assert (beside["precision"], beside["certificate"]["decided_by"]) == ("int8", "scores")
    assert beside["certificate"]["differences"]["logits"]["share"] > 0
    capsys.readouterr()
    assert main([*arguments, "--out", str(tmp_path / "other.onnx"), "--tolerance", "0"]) == 1
    assert "mIoU" in capsys.readouterr().err
    assert not list(tmp_path.glob("other*"))


def test_without_images_drawn_shapes_are_compared(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(semantic_run / "checkpoints" / "last"), "--quiet"]) == 0
    assert "on 8 images (built-in shapes)" in capsys.readouterr().out
    assert (tmp_path / "last.onnx").is_file()


def test_an_export_is_not_exported_again(semantic_onnx: Path, tmp_path: Path, capsys) -> None:
    assert main(["export", str(semantic_onnx), "--out", str(tmp_path / "again.onnx")]) == 2
    assert "is an export already" in capsys.readouterr().err


def test_an_export_computes_on_the_cpu(semantic_onnx: Path, semantic_run: Path, tmp_path: Path, capsys) -> None:
    shutil.copy(semantic_onnx, tmp_path / "moved.onnx")
    images = data_of(semantic_run)[1]
    arguments = ["predict", str(tmp_path / "moved.onnx"), images, "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*arguments, "--scales", "1,1.25"]) == 0  # its sizes are free
    assert main([*arguments, "--device", "cuda"]) in (1, 2)
    assert "cuda" in capsys.readouterr().err
