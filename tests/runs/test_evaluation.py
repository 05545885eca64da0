"""The evaluation of a small semantic run against formulas over all its pixels, and by parts of several processes."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from maskwright.cli.main import main
from maskwright.errors import MaskwrightError
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.evaluation.score_panoptic import score_panoptic
from maskwright.files import write_json
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.semantic import predict_logits
from maskwright.progress import Reporter
from maskwright.reports.run.page import write_page
from maskwright.runs import evaluation
from maskwright.runs.evaluation import evaluate_part, evaluate_stage, measure_images
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import PanopticMap, PanopticSegment
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup
from maskwright.workflows.scoring.score_instance import score_instance
from tests.runs.small_experiments import begun
from tests.workflows.spoilt import change_weights


@pytest.fixture(scope="module")
def experiment(semantic_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(semantic_run, folder)
    return Experiment(open_run(folder, Reporter(quiet=True)))


@pytest.fixture(scope="module")
def model(experiment: Experiment) -> LoadedModel[Any]:
    return load_model(experiment.run.path, "cpu")


def with_settings(experiment: Experiment, **settings: Any) -> Experiment:
    recipe = experiment.recipe
    changed = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update=settings)})
    return Experiment(replace(experiment.run, recipe=changed))


def pixels(experiment: Experiment, model: LoadedModel[Any]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each image and its pixels that count: truth, prediction, and the softmax of what was predicted."""
    part = experiment.prepared.parts["validation"]
    size = model.input_size
    for objects in part.selection.images:
        file = f"{Path(objects.image.file_name).stem}.png"
        truth = read_label_map(experiment.masks_folder("validation") / file)
        logits = (
            next(predict_logits(model.module, [read_image(part.path_of(objects))], size)).numpy().astype(np.float64)
        )
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=0)
        counted = truth != 255
        yield truth[counted], logits.argmax(axis=0)[counted], probabilities.max(axis=0)[counted]


def test_calibration_equals_the_formula_over_all_pixels(experiment: Experiment, model: LoadedModel[Any]) -> None:
    truth, prediction, confidence = (np.concatenate(each) for each in zip(*pixels(experiment, model), strict=True))
    recorded = json.loads((experiment.run.path / "scores.json").read_text())["validation"]["calibration"]
    right = truth == prediction
    # Equal in their own precision, a pixel at the edge of two bins may fall into either.
    edges = np.linspace(0, 1, 16)
    inside = [(confidence > low) & (confidence <= high) for low, high in pairwise(edges)]
    expected = sum(abs(right[each].mean() - confidence[each].mean()) * each.mean() for each in inside if each.any())
    assert recorded["ECE"] == pytest.approx(expected, abs=1e-5)
    assert sum(each["count"] for each in recorded["bins"]) == len(truth)
    for each, members in zip(recorded["bins"], inside, strict=True):
        assert each["count"] == pytest.approx(members.sum(), abs=3)
        if members.sum() > 100:
            assert each["accuracy"] == pytest.approx(right[members].mean(), abs=1e-3)
            assert each["confidence"] == pytest.approx(confidence[members].mean(), abs=1e-3)


def test_the_recorded_confusion_matrix_gives_the_recorded_scores(
    experiment: Experiment, model: LoadedModel[Any]
) -> None:
    expected = np.zeros((5, 5), np.int64)
    for truth, prediction, _ in pixels(experiment, model):
        np.add.at(expected, (truth, prediction), 1)
    recorded = json.loads((experiment.run.path / "scores.json").read_text())["validation"]
    assert recorded["confusion"]["pixels"] == expected.tolist()
    assert (
        recorded["confusion"]["names"] == list(recorded["classes"]) == experiment.prepared.table.names_with_background
    )
    hits, union = expected.diagonal(), expected.sum(axis=0) + expected.sum(axis=1) - expected.diagonal()
    assert recorded["mIoU"] == pytest.approx((hits[union > 0] / union[union > 0]).mean(), abs=1e-12)


def test_panoptic_quality_is_that_of_the_panoptic_evaluator_on_the_saved_label_maps(experiment: Experiment) -> None:
    # The evaluator knows no class of the name "background".
    names = ["ground", *experiment.prepared.table.names]
    saved = experiment.run.files.predictions("validation") / "label_maps"
    true, predicted = {}, {}
    for path in saved.glob("*.png"):
        for maps, file in ((true, experiment.masks_folder("validation") / path.name), (predicted, path)):
            labels = read_label_map(file)
            ids = np.where(labels == 255, 0, labels.astype(np.int64) + 1)
            maps[path.name] = PanopticMap(ids, tuple(PanopticSegment(i, i) for i in np.unique(ids[ids > 0]).tolist()))
    expected = score_panoptic(true, predicted, classes=names, stuff=names)
    recorded = json.loads((experiment.run.path / "scores.json").read_text())["validation"]
    for key in ("PQ", "SQ", "RQ"):
        assert recorded["panoptic"][key] == pytest.approx(expected[key], abs=1e-12)
        assert recorded["intervals"]["panoptic"][key]["value"] == pytest.approx(expected[key], abs=1e-12)
    interval = recorded["intervals"]["panoptic"]["PQ"]
    assert interval["low"] <= expected["PQ"] <= interval["high"]
    page = write_page(experiment.run.path).read_text(encoding="utf-8")
    assert f"PQ {expected['PQ']:.3f} (95 % interval [{interval['low']:.3f}, {interval['high']:.3f}])" in page


def test_validation_after_an_epoch_is_plain_and_has_the_same_scores(
    experiment: Experiment, model: LoadedModel[Any]
) -> None:
    final = json.loads((experiment.run.path / "scores.json").read_text())["validation"]
    plain = evaluate_part(with_settings(experiment, flip=True), model, "validation", None)
    assert {"boundary_mIoU", "calibration", "confusion"} & plain.keys() == set()
    assert "boundary_IoU" not in plain["classes"]["disc"]
    assert all(final[key] == value for key, value in plain.items() if key != "classes")


@pytest.mark.parametrize("settings", [{"flip": True}, {"scales": (0.75, 1.0, 1.25)}, {"window": 48}], ids=str)
def test_what_is_averaged_is_recorded_and_said(experiment: Experiment, model: LoadedModel[Any], settings: Any) -> None:
    plain = evaluate_part(experiment, model, "validation", None, final=True)
    scores = evaluate_part(with_settings(experiment, **settings), model, "validation", None, final=True)
    assert "averaged over" in scores["protocol"]
    assert "averaged over" not in plain["protocol"]
    assert settings.items() <= scores["views"].items()
    assert scores["confusion"] != plain["confusion"]
    assert np.sum(scores["confusion"]["pixels"]) == np.sum(plain["confusion"]["pixels"])


@pytest.mark.parametrize("settings", [{"scales": (1.0,)}, {"window": 10_000}], ids=str)
def test_settings_that_change_nothing_change_no_score(
    experiment: Experiment, model: LoadedModel[Any], settings: Any
) -> None:
    plain = evaluate_part(experiment, model, "validation", None, final=True)
    scores = evaluate_part(with_settings(experiment, **settings), model, "validation", None, final=True)
    assert scores["confusion"] == plain["confusion"]
    assert scores["boundary_mIoU"] == plain["boundary_mIoU"]
    assert scores["calibration"]["ECE"] == pytest.approx(plain["calibration"]["ECE"], abs=1e-5)


class OneOfTwo(ProcessGroup):
    """The first of two processes, once the second has run and told it what it counted."""

    def __init__(self, number: int, told: list[Any]) -> None:
        self.device, self.world_size, self.rank, self.told = torch.device("cpu"), 2, number, told

    def all_reduce_sum(self, counts: Any) -> Any:
        if self.is_main:
            return counts + self.told.pop(0)
        self.told.append(counts)
        return counts

    def gather(self, value: Any) -> list[Any]:
        if self.is_main:
            return [value, self.told.pop(0)]
        self.told.append(value)
        return []


def test_the_shares_of_two_processes_add_up_to_the_whole(experiment: Experiment, model: LoadedModel[Any]) -> None:
    told: list[Any] = []
    evaluate_part(experiment, model, "validation", None, OneOfTwo(1, told), final=True)
    shared = evaluate_part(experiment, model, "validation", None, OneOfTwo(0, told), final=True)
    alone = evaluate_part(experiment, model, "validation", None, final=True)
    assert told == []
    calibration = shared.pop("calibration"), alone.pop("calibration")
    assert shared == alone
    assert calibration[0]["ECE"] == pytest.approx(calibration[1]["ECE"], abs=1e-12)
    assert [each["count"] for each in calibration[0]["bins"]] == [each["count"] for each in calibration[1]["bins"]]


def test_scores_counted_in_threads_are_the_same_to_the_bit(
    semantic_run: Path, instance_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in (semantic_run, instance_run):
        experiment = Experiment(open_run(run, Reporter(quiet=True)))
        loaded = load_model(run, "cpu")
        alone, beside = (tmp_path / run.name / name for name in ("alone", "beside"))
        expected = evaluate_part(experiment, loaded, "validation", alone, final=True)
        with monkeypatch.context() as patch:
            patch.setattr(Predictor, "result_threads", 3)
            assert evaluate_part(experiment, loaded, "validation", beside, final=True) == expected
            assert {file.relative_to(beside): file.read_bytes() for file in beside.rglob("*.*")} == {
                file.relative_to(alone): file.read_bytes() for file in alone.rglob("*.*")
            }
            patch.setattr(Predictor, "usual_batch", 4)
            batched = evaluate_part(experiment, loaded, "validation", None)
        key = "mIoU" if experiment.recipe.task == "semantic" else "bbox"
        assert batched[key] == pytest.approx(expected[key], abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("threads", [0, 2])
def test_images_are_read_in_threads_where_results_are_encoded_there(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, readers = begun(tmp_path / "run"), set()

    def read(path: Path) -> Any:
        readers.add(threading.current_thread())
        return read_image(path)

    monkeypatch.setattr(evaluation, "read_image", read)
    part, model = made.prepared.parts["validation"], SimpleNamespace(result_threads=threads)
    found = list(evaluation._images(made, model, "validation", ProcessGroup(), StopRequest()))  # type: ignore[arg-type]
    assert [objects for objects, _ in found] == list(part.selection.images)
    assert all(np.array_equal(pixels, read_image(part.path_of(objects))) for objects, pixels in found)
    assert (threading.current_thread() in readers) == (threads == 0)


def test_the_stage_saves_what_it_scored(semantic_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(semantic_run, tmp_path / "run")
    experiment = Experiment(open_run(folder, Reporter(quiet=True)))
    evaluate_stage(with_settings(experiment, flip=True, window=64, overlap=0.5))
    recorded = json.loads((folder / "scores.json").read_text())["validation"]
    counts = np.zeros((5, 5), np.int64)
    for file in (folder / "predictions" / "validation" / "label_maps").iterdir():
        truth, prediction = read_label_map(experiment.masks_folder("validation") / file.name), read_label_map(file)
        np.add.at(counts, (truth[truth != 255], prediction[truth != 255]), 1)
    assert recorded["confusion"]["pixels"] == counts.tolist()
    assert recorded["views"] == {"flip": True, "scales": [1.0], "window": 64, "overlap": 0.5}


@pytest.mark.parametrize("value", [float("nan"), 3e38], ids=["NaN", "overflow"])
@pytest.mark.parametrize("command", ["evaluate", "predict"])
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_model_that_answers_with_nan_is_named_in_one_line(
    task: str,
    command: str,
    value: float,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = shutil.copytree(request.getfixturevalue(f"{task}_run"), tmp_path / "run")
    change_weights(run / "checkpoints" / "best" / "model.safetensors", value)
    scores = (run / "scores.json").read_text()
    images = run / "data" / "validation" / "images"
    more = {"evaluate": [], "predict": [str(images), "--out", str(tmp_path / "predicted")]}[command]
    assert main([command, str(run), *more, "--quiet"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {run / 'checkpoints' / 'best' / 'model.safetensors'}: ")
    assert "NaN or infinity" in line
    assert "Use an earlier checkpoint, or train again with a lower train.optimizer.lr" in line
    assert (run / "scores.json").read_text() == scores


def test_a_model_that_answers_with_nan_is_not_validated_as_all_background(experiment: Experiment) -> None:
    model = load_model(experiment.run.path, "cpu")
    with torch.no_grad():
        next(model.module.parameters()).fill_(float("nan"))
    with pytest.raises(MaskwrightError, match="answers an image with NaN or infinity"):
        evaluate_part(experiment, model, "validation", None)


@pytest.fixture(scope="module")
def instances(instance_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance run scored anew with a threshold that its two epochs of training reach."""
    folder = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(instance_run, folder)
    evaluate_stage(with_settings(Experiment(open_run(folder, Reporter(quiet=True))), show_score=0.06))
    return folder


def test_an_instance_run_has_the_numbers_of_score_instance_on_what_it_saved(instances: Path, tmp_path: Path) -> None:
    experiment = Experiment(open_run(instances, Reporter(quiet=True)))
    images, table = experiment.prepared.parts["validation"].selection.images, experiment.prepared.table
    truth = ground_truth(images, table)
    for record, objects in zip(truth["images"], images, strict=True):
        record["file_name"] = objects.image.file_name
    write_json(tmp_path / "truth.json", truth)
    saved = instances / "predictions" / "validation"
    score_instance(
        tmp_path / "truth.json",
        saved / "instances.json",
        score=0.06,
        area="mask",
        out=tmp_path / "out",
        reporter=Reporter(quiet=True),
    )
    recorded = json.loads((instances / "scores.json").read_text())["validation"]
    expected = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert {"at_score", "overlap", "foreground", "tide", "confusion", "worst_images"} <= recorded.keys()
    # What is said of files is of the files alone.
    assert recorded.items() >= {key: expected[key] for key in expected.keys() - {"results", "truth", "remarks"}}.items()
    for name in ("curves.json", "images.json"):
        assert json.loads((saved / name).read_text()) == json.loads((tmp_path / "out" / name).read_text())


def test_the_validation_of_instances_after_an_epoch_measures_ap_alone(instances: Path) -> None:
    experiment = Experiment(open_run(instances, Reporter(quiet=True)))
    plain = evaluate_part(experiment, load_model(instances, "cpu"), "validation", None)
    assert set(plain) == {"bbox", "segm", "classes", "area", "protocol"}


@pytest.mark.parametrize("fixture", ["experiment", "instances"])
def test_chosen_images_have_the_scores_of_a_part_that_has_no_others(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(fixture)
    path = path if isinstance(path, Path) else path.run.path
    whole, alone = (Experiment(open_run(path, Reporter(quiet=True))) for _ in range(2))
    parts, model = alone.prepared.parts, load_model(path, "cpu")
    chosen = parts["train"].selection.images[1:3]
    found = measure_images(whole, model, "train", chosen, ProcessGroup(), StopRequest())
    parts["train"] = replace(parts["train"], selection=replace(parts["train"].selection, images=chosen))
    assert found == evaluate_part(alone, model, "train", None)
    assert found != evaluate_part(whole, model, "train", None)


def test_the_page_of_an_instance_run_says_what_lies_behind_ap(instances: Path) -> None:
    write_page(instances)
    page = (instances / "report.html").read_text()
    assert "Beyond AP" in page
    assert "Over all classes; sizes of detected masks by mask area" in page
