"""A training that is killed at any moment, as often as you like, ends with the bits of one that was not.

The trainings are real processes on the real command line with two processes that load their data. They begin with the
imports done (see ``warm.py``), so the kills fall on what a training does, from reading the data to its last file.
"""

import random
import signal
import time
from pathlib import Path

import pytest

from maskwright.training.checkpoint import read_state
from tests.drills.runs import assert_equal_ends, assert_loadable, train_command
from tests.drills.warm import Warm


def drill(machine: Warm, folder: Path, task: str, kills: int, *more: str) -> set[str]:
    """Kill trainings ``kills`` times in all, a few times each; returns the positions at which they went on."""
    started = time.monotonic()
    code, said = machine.run(train_command(task, folder / "whole", *more))
    assert code == 0, said
    chance, life = random.Random(7), time.monotonic() - started
    killed, positions, number = 0, set(), 0
    while killed < kills or number == 0:
        number += 1
        run = folder / f"killed-{number}"
        while (code := _started_and_killed(machine, run, task, chance.uniform(0, 0.6 * life), more)) < 0:
            killed += 1
            positions.add(str(_position(run, folder / "copy")))
            if killed >= kills:
                code, said = machine.run(train_command(task, run, "--resume", *more))
                assert code == 0, said
                break  # a run that is done may take longer to say so than the next kill would wait
        assert_equal_ends(folder / "whole", run)
        assert not list(run.rglob("*.part"))
    return positions


def _started_and_killed(machine: Warm, run: Path, task: str, seconds: float, more: tuple[str, ...]) -> int:
    """Start or resume, and kill after ``seconds``; the exit code is 0 where it was done before."""
    running = machine.start(train_command(task, run, "--resume", *more))
    time.sleep(seconds)
    running.signal(signal.SIGKILL)
    code = running.wait()
    assert code in (0, -signal.SIGKILL), running.said()
    return code


def _position(run: Path, copy: Path) -> object:
    """How far the state goes that a resumed training would start from."""
    if not (run / "checkpoints").is_dir():
        return None
    names = assert_loadable(run, copy)
    state = read_state(run / "checkpoints" / "last") if "last" in names else None
    return state and (state["position"]["epoch"], state["position"]["batch"])


def test_three_kills_change_no_bit_of_a_training(machine: Warm, tmp_path: Path) -> None:
    more = [
        part for key in ("train.epochs=2", "train.save_every=1", "model.options.dropout=0.1") for part in ("--set", key)
    ]
    drill(machine, tmp_path, "semantic", 3, *more)
    code, said = machine.run(train_command("semantic", tmp_path / "one process", *more, "--set", "train.workers=0"))
    assert code == 0, said
    assert_equal_ends(tmp_path / "whole", tmp_path / "one process")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_kills_change_no_bit_of_semantic_trainings(machine: Warm, tmp_path: Path) -> None:
    more = ["data.shapes.train=20", "train.epochs=4", "train.save_every=1", "train.ema=0.9", "train.accumulate=2"]
    more += ["model.options.dropout=0.1", "augment.copy_paste=0.5"]
    positions = drill(machine, tmp_path, "semantic", 50, *(part for key in more for part in ("--set", key)))
    assert len(positions) >= 12, positions


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thirty_kills_change_no_bit_of_instance_trainings(machine: Warm, tmp_path: Path) -> None:
    more = ["data.shapes.train=20", "train.epochs=3", "train.save_every=1", "train.clip_norm=1", "train.ema=0.9"]
    more += ["train.accumulate=2", "augment.copy_paste=0.5", "augment.scale=[0.8, 1.2]"]
    positions = drill(machine, tmp_path, "instance", 30, *(part for key in more for part in ("--set", key)))
    assert len(positions) >= 8, positions
