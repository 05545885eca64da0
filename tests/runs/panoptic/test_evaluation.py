"""A panoptic run from training to page: scores of ``score panoptic``, COCO's files, resumed to the same bits."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright import load_model
from maskwright.cli.main import main
from maskwright.progress import Reporter
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.panoptic.evaluation import evaluate_panoptic
from maskwright.runs.panoptic.maps import panoptic_truth
from maskwright.structures import PanopticMap
from maskwright.training import loop
from maskwright.training.processes import ProcessGroup
from maskwright.workflows.scoring.score_panoptic import score_panoptic
from tests.drills.runs import assert_equal_ends
from tests.runs.panoptic.small_streets import run_streets

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def street_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small panoptic run; do not change it."""
    out = tmp_path_factory.mktemp("panoptic") / "run"
    assert run_streets(out, verb="run") == 0
    return out


class Shifted:
    """A model that finds the truth two pixels further to the right, which small objects do not survive."""

    usual_batch, result_threads = 1, 0

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment

    def panoptic_maps(self, images: Any, batch: int) -> Iterator[tuple[Any, Any, PanopticMap]]:
        part = self.experiment.prepared.parts["validation"]
        for objects, image in images:
            truth = panoptic_truth(self.experiment, part, objects)
            crowds = [segment.id for segment in truth.segments if segment.crowd]
            ids = np.roll(np.where(np.isin(truth.ids, crowds), 0, truth.ids), 2, axis=1)
            shown = tuple(each for each in truth.segments if not each.crowd and (ids == each.id).any())
            yield objects, image, PanopticMap(ids, shown)


def test_the_scores_are_those_of_score_panoptic_on_the_files(street_run: Path, tmp_path: Path) -> None:
    experiment = Experiment(open_run(street_run, Reporter(quiet=True)))
    images = ((each, None) for each in experiment.prepared.parts["validation"].selection.images)
    model: Any = Shifted(experiment)
    scores = evaluate_panoptic(experiment, model, "validation", images, tmp_path, ProcessGroup(), final=True)  # type: ignore[arg-type]
    again = score_panoptic(street_run / "masks" / "validation", tmp_path).scores
    assert 0.3 < scores["PQ"] < 1
    assert all(sum(row[key] for row in scores["classes"].values()) > 0 for key in ("matched", "wrong", "missed"))
    assert {row["thing"] for row in scores["classes"].values()} == {True, False}
    for part, other in ((scores, again), (scores["things"], again["things"]), (scores["stuff"], again["stuff"])):
        for measure in ("PQ", "SQ", "RQ"):
            assert part[measure] == pytest.approx(other[measure], abs=1e-12)
    for name, row in again["classes"].items():
        assert scores["classes"][name] == pytest.approx(row, abs=1e-12)
    assert scores["protocol"] == again["protocol"]
    worst = [row["PQ"] for row in scores["worst_images"]]
    assert worst == sorted(worst)
    assert scores["intervals"]["PQ"]["low"] <= scores["PQ"] <= scores["intervals"]["PQ"]["high"]


def test_the_scores_of_the_run_are_those_of_its_files(street_run: Path) -> None:
    scores = json.loads((street_run / "scores.json").read_text())["validation"]
    again = score_panoptic(street_run / "masks" / "validation", street_run / "predictions" / "validation").scores
    assert scores["PQ"] == pytest.approx(again["PQ"], abs=1e-12)
    assert scores["classes"].keys() == again["classes"].keys()


def test_pq_is_measured_after_every_epoch_and_chooses_the_best(street_run: Path) -> None:
    header, *rows = (street_run / "metrics.csv").read_text().splitlines()
    assert len(rows) == 2
    names = {"validation/PQ", "validation/PQ_things", "validation/PQ_stuff", "validation/PQ/road", "train/PQ"}
    assert names <= set(header.split(","))
    assert json.loads((street_run / "card.json").read_text())["best"]["score"] == "PQ"


def test_the_page_shows_panoptic_quality_and_the_worst_images(street_run: Path) -> None:
    page = (street_run / "report.html").read_text()
    for shown in ("panoptic quality", "PQ of things", "Worst images", ">stuff<", "matched"):
        assert shown in page
    assert "PQ" in (street_run / "tables.md").read_text()
    assert len(list((street_run / "figures" / "worst").iterdir())) == 3


def test_the_model_predicts_panoptic_maps_of_its_classes(street_run: Path, tmp_path: Path) -> None:
    model = load_model(street_run, task="panoptic")
    assert model.classes.stuff_names == ["road", "sky", "building"]
    images = sorted((street_run / "data" / "validation" / "images").iterdir())
    found = model.predict(images)
    assert all(isinstance(one, PanopticMap) and one.ids.shape == (64, 128) for one in found)
    one, two = model.predict(images[0]), model.predict(images, batch=2)[0]
    assert np.array_equal(one.ids, two.ids)
    out = tmp_path / "found"
    assert main(["predict", str(street_run), str(images[0].parent), "--out", str(out), "--quiet"]) == 0
    content = json.loads((out / "panoptic.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [path.name for path in images]
    ids = {category["name"]: category["id"] for category in content["categories"]}
    assert ids == {"road": 7, "sky": 23, "building": 11, "person": 24, "car": 26}
    assert sorted(path.name for path in (out / "panoptic").iterdir()) == [path.name for path in images]
    assert len(list((out / "overlays").iterdir())) == 3


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["export", "RUN", "--out", "OUT.onnx"], "export"),
        (["serve", "RUN", "--port", "0"], "serve"),
        (["compare", "RUN", "OTHER"], "compare"),
        (["evaluate", "RUN", "--annotations", "TRUTH", "--images", "IMAGES"], "score panoptic"),
        (["evaluate", "MODEL", "--annotations", "TRUTH", "--images", "IMAGES"], "score panoptic"),
        (["predict", "RUN", "IMAGES", "--out", "OUT", "--tile", "64"], "--tile"),
        (["predict", "RUN", "IMAGES", "--out", "OUT", "--cutouts"], "--cutouts"),
        (["predict", "RUN", "IMAGES", "--out", "OUT", "--resume"], "--resume"),
        (["evaluate", "RUN", "--tile", "64"], "--tile"),
    ],
)
def test_what_does_not_take_a_panoptic_model_says_so(
    command: list[str], named: str, street_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = street_run
    if command[0] in ("compare", "evaluate"):
        run = shutil.copytree(street_run, tmp_path / "run")
        shutil.copytree(street_run, tmp_path / "other")
    data = run / "data" / "validation"
    places = {
        "RUN": run,
        "OTHER": tmp_path / "other",
        "MODEL": run / "checkpoints" / "best" / "model.safetensors",
        "OUT": tmp_path / "out",
        "OUT.onnx": tmp_path / "out.onnx",
        "TRUTH": data / "annotations.json",
        "IMAGES": data / "images",
    }
    assert main([str(places.get(part, part)) for part in command]) == 2
    message = capsys.readouterr().err
    assert "panoptic" in message
    assert named in message


@pytest.mark.parametrize("name", ["mask2former_tiny_panoptic", "eomt_tiny_panoptic"])
def test_a_stopped_training_resumes_to_the_bits_of_one_that_was_not(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_streets(tmp_path / "whole", name=name) == 0
    step, batches = loop.training_step, iter(range(1, 1000))

    def stopped(*parts: Any) -> Any:
        if next(batches) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*parts)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "training_step", stopped)
        assert run_streets(tmp_path / "parts", name=name) == 128 + signal.SIGTERM
    assert run_streets(tmp_path / "parts", "--resume", name=name) == 0
    assert_equal_ends(tmp_path / "whole", tmp_path / "parts")


def test_the_shipped_recipe_trains_two_steps_and_its_heads_keep_classes_by_name(tmp_path: Path) -> None:
    small = ["data.streets={train: 4, validation: 1, height: 64}", "model.input.size=64", "train.batch_size=2",
             "train.epochs=1", "train.validation_loss=false", "train.measure_training=false"]  # fmt: skip
    changes = [text for change in small for text in ("--set", change)]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["train", "mask2former-tiny-panoptic", "--out", str(first), "--quiet", *changes]) == 0
    weights = f"model.weights={first / 'checkpoints' / 'best' / 'model.safetensors'}"
    more = ["--set", weights, "--set", "classes=[car, sky, person, bicycle]"]
    assert main(["train", "mask2former-tiny-panoptic", "--out", str(second), "--quiet", *changes, *more]) == 0
    assert json.loads((second / "card.json").read_text())["weights"]["classes"] == ["car", "sky", "person"]
