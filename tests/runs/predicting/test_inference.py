"""How a model is applied: in tiles, in which precision; the same in `predict` and in `evaluate`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.model_file import TrainingImageFigures, card_metadata, parse_card, read_model_file, write_model_file
from maskwright.prediction.test_time_augmentation import Views
from maskwright.runs.loaded_model import load_model
from maskwright.runs.mask_statistics import measure_training_images
from maskwright.runs.predicting.inference import InferenceSettings, inference_record, parse_inference
from maskwright.synthetic.shapes import write_shapes
from maskwright.training import device
from tests.server.served import random_model

SEEN = TrainingImageFigures(short_side=80, density=1000.0)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models with random weights whose card says what they were trained on."""
    found = {}
    for task in ("semantic", "instance"):
        path = random_model(task, tmp_path_factory.mktemp("models"))
        card, weights = read_model_file(path)
        write_model_file(path, replace(card, training_images=SEEN), weights, {})
        found[task] = path
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "shapes"
    write_shapes(folder, images=3, size=(128, 128))
    return folder


def test_the_card_tells_what_the_training_images_were_like() -> None:
    few = ImageObjects(CocoImage(1, "a.png", 100, 400), crowd=[False, False, True])
    many = ImageObjects(CocoImage(2, "b.png", 50, 100), crowd=[False])
    assert measure_training_images([few, many]) == TrainingImageFigures(short_side=75, density=200.0)


def test_the_card_goes_through_a_file_and_older_ones_know_nothing(models: dict[str, Path]) -> None:
    card, _ = read_model_file(models["instance"])
    assert card.training_images == SEEN
    record = json.loads(card_metadata(card)["maskwright"])
    del record["training_images"]
    assert parse_card(json.dumps(record)).training_images is None
    for short_side in (-1, 2**31, 10**400):  # the last one is no float
        with pytest.raises(ValueError, match="training images"):
            parse_card(json.dumps(record | {"training_images": {"short_side": short_side, "density": 1.0}}))


def test_auto_is_the_tile_of_the_model(models: dict[str, Path]) -> None:
    settings = InferenceSettings(tile="auto", overlap=0.5)
    model = load_model(models["instance"], **settings.loading)
    assert model.usual_tile == 80
    assert settings.views(model) == Views(window=80, overlap=0.5)
    assert inference_record(settings, model) == {"inference": {"tile": 80, "overlap": 0.5}}
    assert InferenceSettings().views(model, Views(window=30)) == Views(window=30)
    assert inference_record(InferenceSettings(), model) == {}


def test_a_processor_with_bfloat16_computes_in_it(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    settings = InferenceSettings(precision="bf16")
    model = load_model(models["semantic"], "cpu", **settings.loading)
    assert (model.precision, settings.remarks(model)) == ("bf16", [])
    assert inference_record(settings, model) == {"inference": {"precision": "bf16"}}


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_processor_without_bfloat16_predicts_in_full_precision_and_says_so(
    task: str,
    models: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: False)
    said = "precision: fp32, not bf16: this processor has no instructions for bfloat16"
    images, files, scores = str(data / "images"), [], []
    for precision in ("bf16", "fp32"):
        out, options = tmp_path / precision, ["--precision", precision, "--device", "cpu", "--quiet"]
        assert main(["predict", str(models[task]), images, "--out", str(out), "--score", "0", *options]) == 0
        assert (said in capsys.readouterr().err) == (precision == "bf16")
        files.append({path.name: path.read_bytes() for path in out.rglob("*.*") if path.suffix in (".json", ".png")})
        on = ["--annotations", str(data / "annotations.json"), "--images", images, "--precision", precision]
        assert main(["evaluate", str(models[task]), *on, "--json", "--quiet"]) == 0
        shown = capsys.readouterr()
        assert (said in shown.err) == (precision == "bf16")
        scores.append(json.loads(shown.out)["other"])
    assert files[0] == files[1] != {}
    assert scores[0] == scores[1]
    assert "inference" not in scores[0]


def test_what_is_out_of_range_is_refused(models: dict[str, Path]) -> None:
    for options in (("8", 0.25, "fp32"), (None, 1.0, "fp32"), (None, 0.25, "fp8")):
        with pytest.raises(UsageError):
            parse_inference(*options, False)
    model = load_model(models["instance"])
    with pytest.raises(UsageError, match="an overlap above 0"):
        InferenceSettings(tile=64, overlap=0.0).views(model)
    with pytest.raises(UsageError, match="flip"):
        InferenceSettings().views(model, Views(flip=True))


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("options", [["--tile", "auto"], ["--tile", "96", "--precision", "bf16"]], ids=" ".join)
def test_tiles_give_the_same_scores_in_evaluate_as_in_predict_and_score(
    options: list[str],
    task: str,
    models: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    model, truth, out = str(models[task]), str(data / "annotations.json"), tmp_path / "out"
    on = ["--annotations", truth, "--images", str(data / "images")]
    assert main(["evaluate", model, *on, *options, "--json", "--quiet"]) == 0
    evaluated = json.loads(capsys.readouterr().out)["other"]
    assert evaluated["inference"]["tile"] == (80 if options[1] == "auto" else 96)
    arguments = ["predict", model, str(data / "images"), "--out", str(out), "--score", "0", "--no-overlays", "--quiet"]
    assert main([*arguments, *options]) == 0
    if task == "semantic":
        assert main(["masks", truth, "--out", str(tmp_path / "truth"), "--quiet"]) == 0
        truth, results = str(tmp_path / "truth"), str(out / "label_maps")
    else:
        results = str(out / "instances.json")
    capsys.readouterr()
    assert main(["score", task, truth, results, "--json", "--quiet"]) == 0
    scored = json.loads(capsys.readouterr().out)
    if task == "semantic":
        assert evaluated["mIoU"] == scored["mIoU"] is not None
        return
    assert len(json.loads((out / "instances.json").read_text())) > 0
    assert all(evaluated[kind] == scored[kind] for kind in ("segm", "bbox"))
    assert np.isfinite([value for value in evaluated["segm"].values() if value is not None]).any()


def test_an_export_computes_as_it_was_exported(semantic_onnx: Path) -> None:
    with pytest.raises(UsageError, match="Omit --precision and --compile"):
        load_model(semantic_onnx, **InferenceSettings(precision="bf16").loading)
