"""How the threads of OpenMP wait: as OpenMP itself says when torch loads it, and by how often they give up a core."""

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwright.parallel.waiting_threads import (
    LoadMonitor,
    Sleeping,
    set_waiting_policy,
    threads_give_way,
    waited_for_a_core,
    waiting_policy,
    waiting_share,
)

DECISIONS = {"OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "5", "KMP_BLOCKTIME": "1"}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="GCC's OpenMP and the load of threads are Linux's")


@pytest.fixture(autouse=True)
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DECISIONS:
        monkeypatch.setenv(name, "")  # so that it is restored also where the test sets it
        monkeypatch.delenv(name)


@LINUX
@pytest.mark.parametrize(
    ("before", "environment", "spins"),
    [
        ("import maskwright\nmaskwright.Recipe", {}, 300000),
        ("from maskwright.cli.main import main\nmain(['--version'])", {}, 300000),
        ("import maskwright\nmaskwright.Recipe", {"GOMP_SPINCOUNT": "77"}, 77),
    ],
    ids=["from Python", "from the command line", "a user's own number"],
)
def test_torch_loads_openmp_with_its_own_policy(before: str, environment: dict[str, str], spins: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nimport torch"],
        env={**os.environ, "OMP_DISPLAY_ENV": "verbose", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


@pytest.mark.parametrize(("platform", "policy"), [("linux", "KMP_BLOCKTIME"), ("darwin", "OMP_WAIT_POLICY")])
def test_other_openmps_are_told_to_sleep_by_a_variable(
    platform: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    set_waiting_policy()
    assert [name for name in DECISIONS if name in os.environ] == [policy]


@pytest.mark.parametrize("name", DECISIONS)
def test_whatever_a_user_has_decided_by_stands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, DECISIONS[name])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    set_waiting_policy()
    assert {key: os.environ[key] for key in DECISIONS if key in os.environ} == {name: DECISIONS[name]}
    before = threading.active_count()
    with threads_give_way():
        assert threading.active_count() == before


def test_once_torch_is_imported_only_other_processes_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    set_waiting_policy()
    assert not any(name in os.environ for name in DECISIONS)
    assert waiting_policy()


def test_the_import_of_the_package_alone_changes_nothing() -> None:
    code = (
        "import os\nbefore = dict(os.environ)\nimport maskwright\n"
        "assert dict(os.environ) == before, set(os.environ) ^ set(before)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Counts how often threads give up their cores while they do 300 products of two threads. A thread that sleeps while it
# waits does so once a product; one that spins waits much longer than the microseconds between two products.
SWITCHES = """
import os, pathlib, sys, time
os.environ["OMP_NUM_THREADS"] = "2"
import torch
from maskwright.parallel.waiting_threads import Sleeping
torch.set_num_threads(2)
numbers = torch.ones(1 << 17)

def switches():
    texts = [file.read_text() for file in pathlib.Path("/proc/self/task").glob("*/status")]
    before = sum(int(text.split("\\nvoluntary_ctxt_switches:")[1].split()[0]) for text in texts)
    return before

def counted():
    for _ in range(20):
        numbers.mul_(1.0)
    before = switches()
    for _ in range(300):
        numbers.mul_(1.0)
    return switches() - before

spinning = counted()
sleeping = Sleeping()
asleep = counted()
sleeping.end()
print(spinning, asleep, counted())
"""


@LINUX
def test_threads_sleep_between_and_spin_before_and_after() -> None:
    done = subprocess.run([sys.executable, "-c", SWITCHES], capture_output=True, text=True, check=True)
    before, between, after = map(int, done.stdout.split())
    assert between >= 200
    assert max(before, after) <= 50


@LINUX
@pytest.mark.timeout(20)
def test_what_is_not_openmp_of_gcc_goes_on_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "libgomp.so").write_bytes(b"no library")
    other = Path(importlib.util.find_spec("_ctypes").origin)  # type: ignore[union-attr,arg-type]
    Sleeping([tmp_path / "libgomp.so", tmp_path / "gone.so", other]).end()


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


class Recorded:
    """A load that a test sets, and what a monitor made of it."""

    def __init__(self) -> None:
        self.share, self.log, self._started = 0.0, [], time.monotonic()
        self._waited, self._then = 0.0, self._started

    def delays(self) -> dict[str, float]:
        now = time.monotonic()
        self._waited, self._then = self._waited + self.share * (now - self._then), now
        return {"1": self._waited}

    def sleeping(self) -> "Recorded":
        self.log.append("sleep")
        return self

    def end(self) -> None:
        self.log.append("spin")


def test_threads_sleep_while_others_are_busy_and_the_last_user_gone_spin_again() -> None:
    load = Recorded()
    monitor = LoadMonitor(load.delays, load.sleeping)  # type: ignore[arg-type]
    monitor.enter()
    time.sleep(0.5)
    assert load.log == []
    load.share = 0.6
    until(lambda: load.log == ["sleep"])
    load.share = 0.15  # less than what starts it, more than what ends it
    time.sleep(1.5)
    assert load.log == ["sleep"]
    load.share = 0.0
    until(lambda: load.log == ["sleep", "spin"])
    load.share = 0.6
    until(lambda: load.log == ["sleep", "spin", "sleep"])
    monitor.leave()
    until(lambda: load.log == ["sleep", "spin", "sleep", "spin"])
    until(lambda: "maskwright-load" not in [thread.name for thread in threading.enumerate()])


def test_uses_in_a_row_share_one_monitor() -> None:
    load = Recorded()
    monitor = LoadMonitor(load.delays, load.sleeping)  # type: ignore[arg-type]
    before = threading.active_count()
    for _ in range(3):
        monitor.enter()
        monitor.leave()
    assert threading.active_count() == before + 1


def test_without_knowing_the_load_threads_sleep() -> None:
    assert waiting_share({}, {}, 0.2) == float("inf")


def test_only_threads_that_both_looks_saw_count() -> None:
    assert waiting_share({"1": 2.0, "2": 7.0}, {"1": 2.1, "3": 5.0}, 0.5) == pytest.approx(0.2)


@LINUX
def test_two_threads_of_one_core_wait_for_it() -> None:
    code = """
import os, subprocess, sys, time
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from maskwright.parallel.waiting_threads import waited_for_a_core, waiting_share
other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
before, then = waited_for_a_core(), time.monotonic()
while time.monotonic() < then + 1: pass
print(waiting_share(before, waited_for_a_core(), time.monotonic() - then))
other.kill()
"""
    if not waited_for_a_core():
        pytest.skip("this system does not tell how long threads wait for a core")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 0.2
