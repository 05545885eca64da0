import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import pytest

from maskwright.errors import DataError, MaskwrightError, UsageError
from maskwright.parallel import pool
from maskwright.parallel.pool import cores, may_fork, parallel_map

FORK = pytest.param(True, id="fork", marks=pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only"))
SPAWN = pytest.param(False, id="spawn")


@pytest.fixture(params=[FORK, SPAWN])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether workers are forks: decided by the test, whatever threads this process has."""
    monkeypatch.setattr(pool, "may_fork", lambda: request.param)
    return request.param


# The functions of the parts: at the top of a module, where a process started anew finds them.


def slow_for_the_first(number: int) -> int:
    time.sleep(0.3 if number == 0 else 0.0)
    return number * number


def killed_once(part: tuple[Path, int]) -> int:
    folder, number = part
    if number == 3 and not (folder / "killed").exists():
        (folder / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class Fatal(str):
    """A part whose process does not survive it."""

    __slots__ = ()


def killed_always(part: str) -> str:
    if isinstance(part, Fatal):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return part


def failing(number: int) -> int:
    if number == 2:
        raise DataError("part 2 has no number")
    return number


def process(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def touching(path: Path) -> int:
    time.sleep(0.1)
    path.touch()
    return os.getpid()


def test_results_come_in_the_order_of_the_parts(start: bool):
    assert list(parallel_map(slow_for_the_first, range(6), workers=3)) == [0, 1, 4, 9, 16, 25]


@pytest.mark.parametrize("workers", [0, 1, 5])
def test_no_parts_give_no_results_whatever_the_workers(workers: int):
    assert list(parallel_map(process, [], workers=workers)) == []


def test_one_part_or_no_workers_need_no_other_process():
    assert set(parallel_map(process, range(3), workers=0)) == {os.getpid()}
    assert list(parallel_map(process, [1], workers=4)) == [os.getpid()]


def test_several_workers_are_several_processes(start: bool):
    found = set(parallel_map(process, range(12), workers=2))
    assert os.getpid() not in found
    assert 1 <= len(found) <= 2


def test_a_part_whose_worker_was_killed_is_done_again(start: bool, tmp_path: Path):
    parts = [(tmp_path, number) for number in range(8)]
    assert list(parallel_map(killed_once, parts, workers=2)) == list(range(8))
    assert (tmp_path / "killed").exists()


def test_a_part_that_kills_its_worker_three_times_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "may_fork", lambda: sys.platform == "linux")
    parts = ["the first part", "the second part", Fatal("the part that kills"), "the last part"]
    results = parallel_map(killed_always, parts, workers=4)
    with pytest.raises(MaskwrightError, match=r"killed 3 times at the part that kills.*Use fewer --workers"):
        list(results)
    assert not active_children()


def test_what_the_function_raises_ends_the_job_with_that_error(start: bool):
    results = parallel_map(failing, range(6), workers=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(DataError, match="part 2 has no number"):
        next(results)
    assert not active_children()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_in_the_consumer_ends_the_workers_and_leaves_parts_undone(
    start: bool, tmp_path: Path, error: type[BaseException]
):
    paths = [tmp_path / str(number) for number in range(40)]

    def consume() -> None:
        with closing(parallel_map(touching, paths, workers=2)) as results:
            next(results)
            raise error

    with pytest.raises(error):
        consume()
    assert not active_children()
    assert len(list(tmp_path.iterdir())) < 20


def test_an_unknown_engine_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"Unknown engine 'raay'\. Nearest: ray"):
        parallel_map(process, [1], engine="raay")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads on Linux")
def test_a_process_with_a_second_thread_may_not_fork():
    script = """
import threading
from maskwright.parallel.pool import may_fork
print(may_fork())
stop = threading.Event()
threading.Thread(target=stop.wait).start()
print(may_fork())
stop.set()
"""
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["True", "False"]


def test_elsewhere_than_on_linux_nothing_is_forked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not may_fork()
    assert cores() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("fork", [FORK, SPAWN])
def test_workers_end_with_a_parent_that_was_killed(fork: bool, tmp_path: Path):
    script = f"""
from pathlib import Path
from maskwright.parallel import pool
from tests.parallel.test_pool import touching
if __name__ == "__main__":
    pool.may_fork = lambda: {fork}
    for worker in pool.parallel_map(touching, [Path({str(tmp_path)!r}) / str(i) for i in range(1000)], workers=2):
        print(worker, flush=True)
"""
    (tmp_path / "job.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    job = subprocess.Popen([sys.executable, str(tmp_path / "job.py")], stdout=subprocess.PIPE, env=environment)
    assert job.stdout is not None
    workers = {int(job.stdout.readline()) for _ in range(6)}
    job.kill()
    job.communicate()
    assert waited(lambda: not any(is_alive(worker) for worker in workers))
    assert len(list(tmp_path.iterdir())) < 100


def is_alive(worker: int) -> bool:
    """Whether the process runs; a zombie, which nobody has waited for, does not."""
    try:
        return Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def waited(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether ``condition`` held within so many seconds."""
    pause = threading.Event()
    for _ in range(round(seconds / 0.05)):
        if condition():
            return True
        pause.wait(0.05)
    return False
