"""One dictionary of metrics feeds every tracker: a training, interrupted and resumed, read back from all of them."""

import csv
import math
import signal
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from maskwright.errors import UsageError
from maskwright.images.decode import read_image
from maskwright.recipes.loading import load_recipe
from maskwright.runs import training as train
from maskwright.runs.metrics.tags import tag
from maskwright.runs.metrics.tracking import build_trackers, require_trackers
from maskwright.training.interruption import StopRequest
from maskwright.training.tensorboard_tracker import TensorBoardTracker
from maskwright.training.trackers import CsvTracker, Metrics
from tests.runs.small_experiments import begun
from tests.small_runs import small_run
from tests.training import wandb_runs
from tests.training.wandb_runs import Run, read_runs

EVERYTHING = [
    "--set", "train.trackers=[tensorboard, wandb]", "--set", "train.epochs=3", "--set", "report.panels_every=2",
    "--set", "train.ema=0.5", "--set", "train.batch_size=2", "--set", "data.shapes={train: 4, validation: 3}",
]  # fmt: skip
Pictures = dict[int, dict[str, npt.NDArray[np.uint8]]]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of three epochs that was asked to stop within the third, and resumed."""
    out = tmp_path_factory.mktemp("runs") / "resumed"
    asked = []

    class Asked(StopRequest):
        def __call__(self) -> bool:
            self.number = signal.SIGTERM if asked else 0
            return bool(asked)

    class Asking(train.EpochLines):
        def record(self, epoch: int, metrics: Metrics) -> None:
            if epoch == 2:
                asked.append(epoch)

    with pytest.MonkeyPatch.context() as patch:
        wandb_runs.install(patch)
        with patch.context() as stopping:
            stopping.setattr(train, "StopRequest", Asked)
            stopping.setattr(train, "EpochLines", Asking)
            assert small_run("semantic", out, *EVERYTHING, verb="train") == 128 + signal.SIGTERM
        assert small_run("semantic", out, *EVERYTHING, "--resume", verb="train") == 0
    return out


def table(run: Path) -> dict[int, dict[str, float]]:
    with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {int(row["epoch"]): {k: float(v) for k, v in row.items() if v and k != "epoch"} for row in rows}


def events(run: Path) -> Run:
    """What TensorBoard itself reads, of one session or of several."""
    read = EventAccumulator(str(run / "tensorboard"), {"scalars": 0, "images": 0})
    read.Reload()
    metrics: dict[int, dict[str, float]] = {}
    pictures: Pictures = {}
    for name in read.Tags()["scalars"]:
        for event in read.Scalars(name):
            assert name not in metrics.setdefault(event.step, {}), "said twice"
            metrics[event.step][name] = event.value
    for name in read.Tags()["images"]:
        for event in read.Images(name):
            content = cv2.imdecode(np.frombuffer(event.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
            pictures.setdefault(event.step, {})[name] = content[:, :, ::-1]
    return Run(metrics, pictures)


def panels(run: Path) -> Pictures:
    files = sorted((run / "figures" / "epochs").glob("*/*"))
    pictures: Pictures = {}
    for file in files:
        epoch = int(file.parent.name.removeprefix("epoch-"))
        pictures.setdefault(epoch, {})[f"panels/{file.stem}"] = read_image(file)
    return pictures


def assert_same_pictures(found: Pictures, expected: Pictures) -> None:
    assert {epoch: set(shown) for epoch, shown in found.items() if shown} == {k: set(v) for k, v in expected.items()}
    for epoch, shown in expected.items():
        for name, picture in shown.items():
            np.testing.assert_array_equal(found[epoch][name], picture)


def test_the_table_has_every_epoch_and_every_metric(resumed: Path) -> None:
    rows = table(resumed)
    assert list(rows) == [1, 2, 3]
    overall = {f"{part}/{name}" for part in ("train", "validation") for name in ("loss", "mIoU", "pixel_accuracy")}
    for row in rows.values():
        assert {"learning_rate", "seconds", *overall} <= row.keys()
        for name in ("IoU", "Dice", "accuracy"):
            assert {f"train/{name}/background", f"validation/{name}/background"} <= row.keys()
        assert all(math.isfinite(value) for value in row.values())


def test_tensorboard_has_the_numbers_of_the_table(resumed: Path) -> None:
    expected = {epoch: {tag(k): float(np.float32(v)) for k, v in row.items()} for epoch, row in table(resumed).items()}
    assert events(resumed).metrics == expected
    assert {"loss/train", "loss/validation", "mIoU/train", "mIoU/validation", "IoU/background"} <= expected[1].keys()


def test_the_last_file_of_wandb_has_the_numbers_of_the_table(resumed: Path) -> None:
    first, last = read_runs(resumed)
    assert last.metrics == {e: {tag(k): v for k, v in row.items()} for e, row in table(resumed).items()}
    assert first.metrics == {epoch: row for epoch, row in last.metrics.items() if epoch < 3}


def test_a_run_that_began_under_other_names_has_whole_curves_under_those_of_today(tmp_path: Path) -> None:
    made = begun(tmp_path / "run")
    history = {1: {"train/loss": 0.5}, 2: {"train/loss": 0.25, "validation/mIoU": 0.5}}
    earlier = [CsvTracker(made.run.files.metrics_file), TensorBoardTracker(made.run.path / "tensorboard")]
    for epoch, metrics in history.items():
        for tracker in earlier:
            tracker.record(epoch, metrics)
    for session in (2, 3):  # the second time the names are there already
        (table_, board) = build_trackers(made, session)
        for tracker in (table_, board):
            tracker.record(session + 1, {"train/loss": 0.125})
            tracker.close()
    assert {epoch: row["loss/train"] for epoch, row in events(made.run.path).metrics.items()} == {
        1: 0.5, 2: 0.25, 3: 0.125, 4: 0.125
    }  # fmt: skip
    assert events(made.run.path).metrics[2]["mIoU/validation"] == 0.5


def test_the_pictures_of_the_trackers_are_those_of_the_run_folder(resumed: Path) -> None:
    shown = panels(resumed)
    assert {epoch: len(pictures) for epoch, pictures in shown.items()} == {
        1: 2,
        2: 2,
    }  # the first validation and every second
    assert_same_pictures(events(resumed).pictures, shown)
    for run in read_runs(resumed):
        assert_same_pictures(run.pictures, shown)


def test_the_interrupted_training_has_the_numbers_of_an_unbroken_one(resumed: Path, tmp_path: Path) -> None:
    changed = ["--set", "train.trackers=[csv]", "--set", "report.panels_every=null"]
    assert small_run("semantic", tmp_path / "whole", *EVERYTHING, *changed, verb="train") == 0
    assert not (tmp_path / "whole" / "tensorboard").exists()
    assert not (tmp_path / "whole" / "wandb").exists()
    whole, broken = table(tmp_path / "whole"), table(resumed)
    for row in (*whole.values(), *broken.values()):
        del row["seconds"]
    assert whole == broken


def test_a_tracker_that_cannot_be_used_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wandb_runs.install(monkeypatch, stand_in=True)
    chosen = load_recipe("demo-semantic", ["train.trackers=[wandb]"])
    require_trackers(chosen)
    monkeypatch.setitem(sys.modules, "wandb", None)
    require_trackers(load_recipe("demo-semantic", []))
    with pytest.raises(UsageError, match="pip install"):
        require_trackers(chosen)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    require_trackers(chosen)


@pytest.mark.parametrize("more", [[], ["--sweep", "seed=0,1"]], ids=["run", "sweep"])
def test_a_missing_package_is_said_before_any_work(
    more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wandb_runs.install(monkeypatch, stand_in=True)
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert small_run("semantic", tmp_path / "run", "--set", "train.trackers=[wandb]", *more) == 2
    assert "pip install 'maskwright[track]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_disabled_in_the_environment_leaves_wandb_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb_runs.install(monkeypatch, stand_in=True)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setitem(sys.modules, "wandb", None)
    more = ["--set", "train.trackers=[wandb]", "--set", "train.epochs=1"]
    assert small_run("semantic", tmp_path / "run", *more, verb="train") == 0
    assert list(table(tmp_path / "run")) == [1]
    assert not (tmp_path / "run" / "wandb").exists()
