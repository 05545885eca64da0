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
from maskwright.runs.tracking import require_trackers
from maskwright.training.interruption import StopRequest
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
        def record(self, epoch: int, metrics: train.Metrics) -> None:
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
    for tag in read.Tags()["scalars"]:
        for event in read.Scalars(tag):
            assert tag not in metrics.setdefault(event.step, {}), "said twice"
            metrics[event.step][tag] = event.value
    for tag in read.Tags()["images"]:
        for event in read.Images(tag):
            content = cv2.imdecode(np.frombuffer(event.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
            pictures.setdefault(event.step, {})[tag] = content[:, :, ::-1]
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
    for row in rows.values():
        assert {"train/loss", "learning_rate", "seconds", "validation/mIoU", "validation/pixel_accuracy"} <= row.keys()
        assert any(key.startswith("validation/IoU/") for key in row)
        assert all(math.isfinite(value) for value in row.values())


def test_tensorboard_has_the_numbers_of_the_table(resumed: Path) -> None:
    expected = {epoch: {k: float(np.float32(v)) for k, v in row.items()} for epoch, row in table(resumed).items()}
    assert events(resumed).metrics == expected


def test_the_last_file_of_wandb_has_the_numbers_of_the_table(resumed: Path) -> None:
    first, last = read_runs(resumed)
    assert last.metrics == table(resumed)
    assert first.metrics == {epoch: row for epoch, row in last.metrics.items() if epoch < 3}


def test_the_pictures_of_the_trackers_are_those_of_the_run_folder(resumed: Path) -> None:
    shown = panels(resumed)
    assert {epoch: len(pictures) for epoch, pictures in shown.items()} == {2: 2}
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
