"""W&B runs, read back from their files; a missing package or a dead service does not stop a training."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.training.trackers import Metrics
from maskwright.training.wandb_tracker import Mode, WandbRun, WandbTracker, load_wandb, require_wandb, wandb_mode
from tests.training import wandb_runs
from tests.training.wandb_runs import Run, StandInRun, read_runs

EPOCHS: list[Metrics] = [
    {"train/loss": 0.1 + 0.2, "learning_rate": 1e-4},
    {"train/loss": 1 / 3, "learning_rate": 5e-5, "validation/mIoU": None, "validation/IoU/dog, brown": 0.25},
    {"train/loss": float("nan"), "learning_rate": 0.0, "validation/mIoU": 0.6134, "validation/IoU/dog, brown": None},
]


def wanted(mode: Mode = "offline") -> WandbRun:
    return WandbRun("0123abcd", "maskwright", "run", mode, {"seed": 3})


def picture(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)


def track(folder: Path, mode: Mode = "offline") -> tuple[list[str], WandbTracker]:
    said: list[str] = []
    return said, WandbTracker(folder, wanted(mode), said.append)


def test_every_number_and_every_pixel_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb_runs.install(monkeypatch)
    said, tracker = track(tmp_path)
    for epoch, metrics in enumerate(EPOCHS, start=1):
        if epoch != 2:
            tracker.show(epoch, {"panels/a": picture(epoch), "panels/b": picture(-epoch % 50)})
        tracker.record(epoch, metrics)
    tracker.close()
    (run,) = read_runs(tmp_path)
    assert said == []
    assert list(run.metrics) == [1, 2, 3]
    for epoch, metrics in enumerate(EPOCHS, start=1):
        defined = {key: value for key, value in metrics.items() if value is not None}
        assert run.metrics[epoch].keys() == defined.keys()
        for key, value in defined.items():
            np.testing.assert_equal(run.metrics[epoch][key], value)
    assert {epoch: set(shown) for epoch, shown in run.pictures.items()} == {
        1: {"panels/a", "panels/b"}, 2: set(), 3: {"panels/a", "panels/b"},
    }  # fmt: skip
    for epoch in (1, 3):
        np.testing.assert_array_equal(run.pictures[epoch]["panels/a"], picture(epoch))


def test_a_service_that_dies_is_said_once_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dying(StandInRun):
        def log(self, values: dict[str, Any], step: int, commit: bool) -> None:
            if step == 2:
                raise ConnectionResetError("Connection lost")
            super().log(values, step, commit)

    wandb_runs.install(monkeypatch, stand_in=True, init=Dying)
    said, tracker = track(tmp_path)
    for epoch, metrics in enumerate(EPOCHS, start=1):
        tracker.show(epoch, {"panels/a": picture(epoch)})
        tracker.record(epoch, metrics)
    tracker.close()
    assert len(said) == 1
    assert "W&B failed (Connection lost); the training goes on without it" in said[0]
    assert list(read_runs(tmp_path)[0].metrics) == [1]


def test_a_server_that_does_not_answer_leaves_the_run_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    def init(mode: str, **known: Any) -> StandInRun:
        if mode == "online":
            raise TimeoutError("context deadline exceeded\nwhile retrying")
        return StandInRun(mode=mode, **known)

    wandb_runs.install(monkeypatch, stand_in=True, init=init, teardown=lambda: ended.append(1))
    said, tracker = track(tmp_path, "online")
    tracker.record(1, EPOCHS[0])
    tracker.close()
    assert len(said) == 1
    assert "(context deadline exceeded); the run is kept offline" in said[0]
    assert "wandb sync" in said[0]
    assert ended == [1]
    assert read_runs(tmp_path) == [Run({1: dict(EPOCHS[0])}, {1: {}})]


def test_a_package_that_cannot_begin_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: Any) -> StandInRun:
        raise PermissionError("no process may be started")

    wandb_runs.install(monkeypatch, stand_in=True, init=init)
    said, tracker = track(tmp_path)
    tracker.show(1, {"panels/a": picture(1)})
    tracker.record(1, EPOCHS[0])
    tracker.close()
    assert said == ["W&B could not begin (no process may be started); the training goes on without it."]


def test_what_the_server_has_of_a_resumed_run_is_not_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(mode: str, resume: str, **known: Any) -> StandInRun:
        assert (mode, resume) == ("online", "allow")
        run = StandInRun(mode="offline", **known)
        run.step = 3  # it has the epochs 1 and 2
        return run

    wandb_runs.install(monkeypatch, stand_in=True, init=init)
    said, tracker = track(tmp_path, "online")
    for epoch, metrics in enumerate(EPOCHS, start=1):
        tracker.record(epoch, metrics)
    tracker.close()
    assert said == []
    assert list(read_runs(tmp_path)[0].metrics) == [3]


def test_a_run_says_nothing_of_the_machine_and_keeps_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = wandb_runs.install(monkeypatch, stand_in=True)
    track(tmp_path)
    (run,) = wandb.inits
    settings = vars(run.known["settings"])
    assert settings["x_disable_stats"]
    assert settings["console"] == "off"
    assert not settings["save_code"]
    assert (run.id, run.known["config"]) == ("0123abcd", {"seed": 3})
    assert os.environ["WANDB_ERROR_REPORTING"] == "false", "it would report errors to its makers, even offline"


@pytest.mark.parametrize("found", [None, ModuleType("wandb")], ids=["not installed", "a folder of that name"])
def test_without_the_package_the_remedy_is_named(found: ModuleType | None, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb_runs.install(monkeypatch, stand_in=True)
    monkeypatch.setitem(sys.modules, "wandb", found)
    with pytest.raises(UsageError, match=r"not installed \(.+\)\. Install it with: pip install 'maskwright\[track\]'"):
        load_wandb()
    with pytest.raises(UsageError, match="not installed"):
        require_wandb("offline")
    require_wandb("disabled")


def test_online_needs_a_key_that_nobody_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wandb_runs.install(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))  # where a key may be kept
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    with pytest.raises(UsageError, match=r"needs a key .* WANDB_API_KEY .*train\.wandb\.mode=offline"):
        require_wandb("online")
    require_wandb("offline")
    assert capsys.readouterr().out == ""


def test_a_key_that_cannot_be_one_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def login(**_: Any) -> bool:
        raise ValueError("API key must have 40 characters")

    wandb_runs.install(monkeypatch, stand_in=True, login=login)
    with pytest.raises(UsageError, match="40 characters"):
        require_wandb("online")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [(None, "offline"), ("", "offline"), ("online", "online"), ("OFFLINE", "offline"), ("disabled", "disabled"),
     ("dryrun", "offline"), ("run", "online")],
)  # fmt: skip
def test_the_environment_goes_before_the_recipe(
    environment: str | None, expected: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert (wandb_mode("offline"), wandb_mode("online")) == ("offline", "online")
    if environment is not None:
        monkeypatch.setenv("WANDB_MODE", environment)
    assert wandb_mode("offline") == expected


def test_an_unknown_mode_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offlin")
    with pytest.raises(UsageError, match="'offlin' in the environment; expected offline, online or disabled"):
        wandb_mode("online")
