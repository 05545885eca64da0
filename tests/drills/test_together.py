"""Two processes train one model: the numbers are those of one process, and an accident of one ends both.

Each process is a fork of the warm one (see ``warm.py``) with the environment of torchrun; the slow tests below start
them as a user does.
"""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maskwright.reports.score_names import is_score
from maskwright.run_folder import MODEL_FILE
from tests.drills.runs import assert_equal_ends, assert_loadable, metrics, train_command
from tests.drills.together import HERE, start_together
from tests.drills.warm import Running, Warm, children, ticks

# 13 images in batches of 2: one is left over in each epoch. 5 to validate: one process has 3 of them, the other 2.
UNEVEN = ["--set", "data.shapes={train: 13, validation: 5, seed: 0}", "--set", "train.workers=0"]
SHORT = [*UNEVEN, "--set", "train.epochs=2"]
TASKS = pytest.mark.parametrize("task", ["semantic", "instance"])


def line_of(running: Running) -> str:
    """The one line that it has said, beside the command to type next."""
    said = running.said()
    line, *more = said.splitlines()
    assert [each.partition(" ")[0] for each in more] in ([], ["next:"]), said
    return line


def assert_done(running: list[Running], code: int = 0) -> None:
    for each in running:
        assert each.wait(120) == code, each.said()
    if code == 0:
        assert sum(len(each.said().splitlines()) for each in running) == 1, "one process speaks for all"


def test_two_processes_train_to_the_metrics_of_one(machine: Warm, tmp_path: Path) -> None:
    # Without what differs by design: BatchNorm on CPUs takes its statistics from a process's slice of the batch. SGD,
    # because Adam divides by the size of the gradient: where that is rounding alone, it makes full steps of it.
    more = [*SHORT, "--set", "train.optimizer={name: sgd, lr: 0.05}"]
    function = "train_without_batchnorm"
    code, said = machine.run(train_command("semantic", tmp_path / "one", *more), function=HERE + function)
    assert code == 0, said
    assert_done(start_together(machine, train_command("semantic", tmp_path / "two", *more), function))
    # The mean over the batch is the mean of the means over its slices, summed in another order: float32 rounds the
    # last of its 24 bits otherwise (6e-8), and twelve steps carry that on.
    for one, two in zip(metrics(tmp_path / "one"), metrics(tmp_path / "two"), strict=True):
        assert one.keys() == two.keys()
        for key in one:
            expected = float(one[key] or "nan")
            assert float(two[key] or "nan") == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True), key
    weights = [load_file(tmp_path / name / "checkpoints" / "last" / MODEL_FILE) for name in ("one", "two")]
    for key, value in weights[0].items():
        torch.testing.assert_close(weights[1][key], value, rtol=1e-4, atol=1e-5)


def test_two_processes_train_a_detector_as_one_that_adds_up_their_gradients(machine: Warm, tmp_path: Path) -> None:
    # Every anchor and proposal counts, as which are drawn depends on the process; with one image a process, the norms
    # see the same as with one image at a time.
    settings = [
        "data.shapes={train: 12, validation: 2, seed: 0}", "train.epochs=1", "train.workers=0",
        "model.options.anchors_per_image=1000000", "model.options.rois_per_image=1000000",
        "train.optimizer={name: sgd, lr: 0.005}",
    ]  # fmt: skip
    more = [part for each in settings for part in ("--set", each)]
    slowly = ["--set", "train.batch_size=1", "--set", "train.accumulate=2"]
    code, said = machine.run(train_command("instance", tmp_path / "one", *more, *slowly))
    assert code == 0, said
    both = train_command("instance", tmp_path / "two", *more, "--set", "train.batch_size=2")
    assert_done(start_together(machine, both, "train"))
    for one, two in zip(metrics(tmp_path / "one"), metrics(tmp_path / "two"), strict=True):
        learnt = [key for key in one if key.startswith("train/") and not is_score(key.removeprefix("train/"))]
        assert len(learnt) == 6
        for key in learnt:
            assert float(two[key]) == pytest.approx(float(one[key]), rel=1e-4), key
    weights = [load_file(tmp_path / name / "checkpoints" / "last" / MODEL_FILE) for name in ("one", "two")]
    for key, value in weights[0].items():
        if "running_" not in key and "num_batches" not in key:
            torch.testing.assert_close(weights[1][key], value, rtol=1e-4, atol=1e-5)


@TASKS
def test_each_image_counts_once_in_a_shared_validation(task: str, machine: Warm, tmp_path: Path) -> None:
    run, files = tmp_path / "run", [tmp_path / "one.json", tmp_path / "two.json"]
    code, said = machine.run(train_command(task, run, *UNEVEN, "--set", "train.epochs=1"))
    assert code == 0, said
    one = machine.start([str(run), str(files[0])], function=f"{HERE}score")
    assert_done([one])
    two = start_together(machine, [str(run), str(files[1])], "score")
    assert_done(two)
    alone, together = (json.loads(file.read_text()) for file in files)
    assert together == alone
    assert together["images"] == 5
    if task == "instance":
        assert alone["bbox"]["AR100"] > 0, "nothing was found that could be counted twice"


@TASKS
def test_one_process_is_asked_to_stop_and_both_save_and_go_on(task: str, machine: Warm, tmp_path: Path) -> None:
    whole, stopped = (train_command(task, tmp_path / name, *SHORT) for name in ("whole", "stopped"))
    assert_done(start_together(machine, whole, "train"))
    asked = start_together(machine, stopped, "stop_the_second")
    assert_done(asked, 143)
    for each in asked:
        line = line_of(each)
        assert "asked to stop (SIGTERM) and has saved its state in epoch 1, after batch 4 of 6" in line
    assert_done(start_together(machine, [*stopped, "--resume"], "train"))
    assert_equal_ends(tmp_path / "whole", tmp_path / "stopped")


def test_a_killed_process_ends_the_other_at_once(machine: Warm, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = start_together(
        machine, train_command("semantic", run, *SHORT, "--set", "train.save_every=1"), "die_as_the_second"
    )
    assert second.wait() == -signal.SIGKILL, second.said()
    assert first.wait() == 1, first.said()
    assert assert_loadable(run, tmp_path / "copy") == ["last"]


def launched(machine: Warm, run: Path, *more: str) -> tuple[Running, dict[str, int]]:
    """A training on two devices as a user starts it, once its first epoch is saved; the processes by their rank."""
    long = [*UNEVEN, "--set", "train.epochs=10000", "--set", "train.save_every=1", "--devices", "2"]
    running = machine.start(train_command("semantic", run, *long, *more))
    for _ in ticks(120):
        if (run / "checkpoints" / "best").exists():
            break
    ranks = {_environment(pid).get("RANK", ""): pid for pid in children(running.pid)}
    assert {"0", "1"} <= ranks.keys(), running.said()
    return running, ranks


def _environment(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8", errors="replace")
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def assert_gone(pids: list[int]) -> None:
    for _ in ticks(10):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return
    raise TimeoutError(f"one of {pids} lives on")


LAUNCHED = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc"),
]


def launched_test(function):
    """A test that starts its processes as a user does, which import everything anew."""
    for mark in LAUNCHED:
        function = mark(function)
    return function


@launched_test
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_killed_process_ends_the_other_and_is_named(rank: str, machine: Warm, tmp_path: Path) -> None:
    running, ranks = launched(machine, tmp_path / "run")
    os.kill(ranks[rank], signal.SIGKILL)
    assert running.wait(60) == 1, running.said()
    line = line_of(running)
    assert line.startswith(f"error: Process {rank} of 2 was killed (SIGKILL)")
    assert "go on with --resume" in line
    assert_gone(list(ranks.values()))
    assert "last" in assert_loadable(tmp_path / "run", tmp_path / "copy")


@launched_test
def test_the_launching_process_is_asked_to_stop_and_the_training_saves(machine: Warm, tmp_path: Path) -> None:
    running, ranks = launched(machine, tmp_path / "run")
    running.signal(signal.SIGTERM)
    assert running.wait(60) == 143, running.said()
    line = line_of(running)
    assert line.startswith("error: The training was asked to stop")
    assert_gone(list(ranks.values()))
    assert "last" in assert_loadable(tmp_path / "run", tmp_path / "copy")


@launched_test
def test_processes_end_with_a_launching_process_that_is_killed(machine: Warm, tmp_path: Path) -> None:
    running, ranks = launched(machine, tmp_path / "run")
    running.signal(signal.SIGKILL)
    running.wait()
    assert_gone(list(ranks.values()))
    assert "last" in assert_loadable(tmp_path / "run", tmp_path / "copy")


@launched_test
def test_a_training_launched_on_two_devices_ends_and_can_be_evaluated(machine: Warm, tmp_path: Path) -> None:
    command = train_command("semantic", tmp_path / "run", *SHORT, "--devices", "2", verb="run")
    code, said = machine.run(command, seconds=240)
    assert code == 0, said
    assert (tmp_path / "run" / "report.html").is_file()
