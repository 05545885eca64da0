"""The cores that are free: by counts that the test sets, and beside programs that are busy."""

import subprocess
import sys
import time

import pytest

from maskwright.parallel import free_cores as module
from maskwright.parallel.free_cores import free_cores
from maskwright.parallel.pool import cores


# Of four cores, the ticks that each was busy in 100.
@pytest.mark.parametrize(
    ("readings", "free"),
    [
        ([0, 0, 0, 0], 4),
        ([10, 10, 10, 10], 4),
        ([15, 15, 15, 15], 3),
        ([100, 0, 0, 0], 3),
        ([50, 50, 30, 30], 2),
        ([100, 100, 100, 100], 1),
    ],
)
def test_a_core_is_taken_by_a_second_of_work_in_a_second(
    readings: list[int], free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0)
    before = dict.fromkeys(range(4), (7, 9))
    looks = iter([before, {core: (7 + busy, 109 - busy) for core, busy in enumerate(readings)}])
    assert free_cores(lambda: next(looks)) == free


def test_a_core_that_is_switched_off_meanwhile_takes_nothing() -> None:
    looks = iter([{0: (0, 0), 1: (0, 0)}, {0: (0, 100)}])
    assert free_cores(lambda: next(looks)) == 2


def test_without_counts_all_cores_are_free() -> None:
    assert free_cores(lambda: None) == cores()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts the time of each core")
def test_programs_that_keep_every_core_busy_leave_one() -> None:
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores())]
    try:
        time.sleep(0.2)
        assert free_cores() == 1
    finally:
        for program in programs:
            program.kill()
            program.wait()
