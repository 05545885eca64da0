"""What can happen to a training: each time one clear line, the right exit code, and a checkpoint to go on from."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maskwright.training.checkpoint import read_state
from tests.drills.runs import assert_equal_ends, assert_loadable, train_command
from tests.drills.warm import Running, Warm, ticks

# Without panels, which are larger than checkpoints: the disks of these drills are small.
LONG = ["--set", "train.epochs=1000", "--set", "train.save_every=1", "--set", "report.panels=0"]
SHORT = ["--set", "train.epochs=2", "--set", "train.save_every=1"]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, mounts or attributes of Linux")


def wait_until(condition: Callable[[], object], running: Running | None = None, seconds: float = 60.0) -> None:
    for _ in ticks(seconds):
        if condition():
            return
    raise TimeoutError(running.said() if running else "")


def started(machine: Warm, run: Path, *more: str) -> Running:
    """A long training that has finished its first epoch and saved it."""
    running = machine.start(train_command("semantic", run, *LONG, *more))
    wait_until((run / "checkpoints" / "best").exists, running)
    return running


def assert_one_line(running: Running, code: int, *parts: str, seconds: float = 60.0) -> None:
    """It ends with ``code`` in time, and says all ``parts`` in one line, at most with the command to type next."""
    assert running.wait(seconds) == code, running.said()
    line, *more = running.said().splitlines()
    assert all(each.startswith("next: maskwright train ") for each in more[:1])
    assert len(more) <= 1, more
    for part in ("error: ", *parts):
        assert part in line


def assert_goes_on(machine: Warm, run: Path) -> None:
    """A resumed training has done more than the checkpoint ``last`` had, by the time it is stopped."""
    before = read_state(run / "checkpoints" / "last")
    assert before is not None
    running = machine.start(
        train_command("semantic", run, *LONG, "--resume"), function="tests.drills.accidents:stopped_at_batch_four"
    )
    assert running.wait() == 143, running.said()
    after = read_state(run / "checkpoints" / "last")
    assert after is not None
    done = [6 * state["position"]["epoch"] + state["position"]["batch"] for state in (before, after)]
    assert done[1] == done[0] + 4


@LINUX
@pytest.mark.parametrize(("number", "name", "code"), [(signal.SIGTERM, "SIGTERM", 143), (signal.SIGINT, "Ctrl-C", 130)])
def test_asked_to_stop_it_saves_even_if_its_loading_processes_are_asked_too(
    number: int, name: str, code: int, machine: Warm, tmp_path: Path
) -> None:
    running = started(machine, tmp_path / "run")
    for pid in machine.loaders():
        os.kill(pid, number)
    running.signal(number)
    assert_one_line(
        running, code, f"asked to stop ({name})", "saved its state in epoch", "Go on with --resume", seconds=10
    )
    assert_loadable(tmp_path / "run", tmp_path / "copy")
    assert not machine.loaders()


def test_a_training_stopped_and_resumed_ends_like_one_that_was_not(machine: Warm, tmp_path: Path) -> None:
    whole, stopped = (train_command("semantic", tmp_path / name, *SHORT) for name in ("whole", "stopped"))
    code, said = machine.run(whole)
    assert code == 0, said
    running = machine.start(stopped, function="tests.drills.accidents:stopped_at_batch_four")
    assert_one_line(running, 143, "in epoch 1, after batch 4 of 6")
    assert_one_line(machine.start(stopped), 2, "holds a training that was interrupted", "expected --resume")
    code, said = machine.run([*stopped, "--resume"])
    assert code == 0, said
    assert_equal_ends(tmp_path / "whole", tmp_path / "stopped")


@LINUX
@pytest.mark.slow  # torch looks after its processes every 5 seconds
def test_a_killed_loading_process_is_an_error_and_not_a_hang(machine: Warm, tmp_path: Path) -> None:
    running = started(machine, tmp_path / "run")
    os.kill(machine.loaders()[0], signal.SIGKILL)
    assert_one_line(running, 1, "A process that loads images was killed", "train.workers", "--resume")
    assert "last" in assert_loadable(tmp_path / "run", tmp_path / "copy")
    assert_goes_on(machine, tmp_path / "run")


@LINUX
def test_loading_processes_end_with_a_training_that_is_killed(machine: Warm, tmp_path: Path) -> None:
    running = started(machine, tmp_path / "run")
    assert machine.loaders()
    running.signal(signal.SIGKILL)
    running.wait()
    wait_until(lambda: not machine.loaders(), seconds=10)


def test_a_loss_that_is_not_finite_leaves_the_checkpoint_before_it(machine: Warm, tmp_path: Path) -> None:
    run = tmp_path / "run"
    running = machine.start(
        train_command("semantic", run, *LONG), function="tests.drills.accidents:not_finite_at_batch_four"
    )
    assert_one_line(running, 1, "loss became nan in epoch 1, batch 4", "Lower train.optimizer.lr")
    assert assert_loadable(run, tmp_path / "copy") == ["last"]
    assert_goes_on(machine, run)


def test_an_image_that_cannot_be_read_is_named_in_one_line(machine: Warm, tmp_path: Path) -> None:
    running = machine.start(
        train_command("semantic", tmp_path / "run", *LONG),
        function="tests.drills.accidents:image_cut_before_training",
    )
    assert_one_line(running, 1, "data/train/images/000003.jpg", "its end is missing")
    assert not machine.loaders()


def test_files_that_cannot_be_written_are_named(machine: Warm, tmp_path: Path) -> None:
    # Larger than a mask, smaller than a checkpoint.
    running = machine.start(train_command("semantic", tmp_path / "checkpoint", *LONG), largest_file=60_000)
    assert_one_line(running, 1, "checkpoints/last", "cannot be written (File too large)", "go on with --resume")
    running = machine.start(train_command("semantic", tmp_path / "image", *LONG), largest_file=1000)
    assert_one_line(running, 1, str(tmp_path / "image"), "File too large")


def test_a_file_in_place_of_the_checkpoints_is_named(machine: Warm, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    command = train_command("semantic", tmp_path / "run", *LONG)
    running = machine.start(command, function="tests.drills.accidents:stopped_at_batch_four")
    assert running.wait() == 143, running.said()
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    (tmp_path / "run" / "checkpoints").write_text("a file")
    assert_one_line(machine.start(command), 1, "checkpoints")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 2 MiB, which only root can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip(f"this user cannot mount a disk: {made.stderr.decode().strip()}")
    yield folder
    # Lazily: whatever still has a file open there, the folder must not be left to other tests.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@LINUX
def test_a_full_disk_leaves_the_last_checkpoint_intact(disk: Path, machine: Warm, tmp_path: Path) -> None:
    running = started(machine, disk / "run")
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    assert_one_line(running, 1, str(disk / "run"), "No space left on device")
    assert "last" in assert_loadable(disk / "run", tmp_path / "copy")
    (disk / "filler").unlink()
    assert_goes_on(machine, disk / "run")


@LINUX
def test_a_read_only_disk_is_named_and_the_last_checkpoint_stays(disk: Path, machine: Warm, tmp_path: Path) -> None:
    command = train_command("semantic", disk / "run", *LONG)
    running = machine.start(command, function="tests.drills.accidents:stopped_at_batch_four")
    assert running.wait() == 143, running.said()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert_one_line(machine.start([*command, "--resume"]), 1, str(disk / "run"), "Read-only file system")
    assert "last" in assert_loadable(disk / "run", tmp_path / "copy")


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made or removed in ``folder`` meanwhile; the bits that say so mean nothing to root."""
    root = os.geteuid() == 0
    if root and (shutil.which("chattr") is None or subprocess.run(["chattr", "+i", str(folder)]).returncode):
        pytest.skip("this file system has no immutable folders")
    if not root:
        folder.chmod(0o555)
    try:
        yield
    finally:
        if root:
            subprocess.run(["chattr", "-i", str(folder)], check=True)
        else:
            folder.chmod(0o755)


@LINUX
def test_a_folder_that_becomes_read_only_while_training_is_named(machine: Warm, tmp_path: Path) -> None:
    running = started(machine, tmp_path / "run")
    with read_only(tmp_path / "run" / "checkpoints"):
        assert_one_line(running, 1, "checkpoints", "cannot be written", "the folder writable")
    assert "last" in assert_loadable(tmp_path / "run", tmp_path / "copy")
    assert_goes_on(machine, tmp_path / "run")
