"""Commands that start at once: forks of a process that has imported what they need, each with limits of its own.

The drill runs some two thousand commands, and importing takes longer than most of them. ``python -m
tests.hostile.warm_process WITH_TORCH`` answers requests on standard input, one JSON line each. As a script of its own,
``alone``, it starts one command as a new process.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CORE = (
    "check",
    "compare",
    "convert",
    "explore",
    "masks",
    "review",
    "scoring.score_cityscapes",
    "scoring.score_instance",
    "scoring.score_panoptic",
    "scoring.score_semantic",
    "split",
    "subset",
)
WITH_TORCH = ("evaluate", "init", "predict", "report", "run", "weights")
# Seconds. A command that waits for ever takes no CPU time, and on a busy machine a good one takes many times its own.
PATIENCE = 240


class Ended(NamedTuple):
    """How a command ended.

    ``code`` is its exit code, negative for a signal and None when it had to be stopped. ``cpu`` is in seconds. ``idle``
    are the seconds in which its main thread neither ran nor waited for a processor, which others may have: it waited
    for a file, a lock or another process. ``memory`` is in bytes.
    """

    code: int | None
    cpu: float
    idle: float
    memory: int
    printed: str


class WarmProcess:
    """The process that has imported everything, seen from the tests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, arguments: Sequence[str], folder: Path, seconds: int) -> Ended:
        """Run a command in ``folder``; more than twice ``seconds`` of CPU time end it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"arguments": list(arguments), "folder": str(folder), "seconds": seconds}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return _ended(self._process.stdout.readline(), folder)


def run_alone(arguments: Sequence[str], folder: Path, seconds: int) -> Ended:
    """Run the command line in ``folder`` as a process of its own; more than twice ``seconds`` of CPU time end it."""
    command = [sys.executable, "-m", "maskwright", *arguments]
    # A process between this one and the command: the memory of a command counts that of the process which started it.
    request = json.dumps({"command": command, "folder": str(folder), "seconds": seconds})
    launched = [sys.executable, "-S", str(Path(__file__).resolve()), "alone", request]
    return _ended(subprocess.run(launched, check=True, stdout=subprocess.PIPE, text=True).stdout, folder)


def _ended(answer: str, folder: Path) -> Ended:
    return Ended(*json.loads(answer), (folder / "printed.txt").read_text(encoding="utf-8", errors="replace"))


@contextmanager
def warm_process(with_torch: bool) -> Iterator[WarmProcess]:
    """A :class:`WarmProcess` while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.warm_process", *(["torch"] if with_torch else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
    )
    try:
        yield WarmProcess(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def serve(with_torch: bool) -> None:
    """Answer the requests on standard input until it ends."""
    for name in (*CORE, *(WITH_TORCH if with_torch else ())):
        import_module(f"maskwright.workflows.{name}")
    import_module("maskwright.reports.explore.page")
    gc.freeze()  # or every fork would copy all of it when it is done
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _command(**request)
        print(json.dumps(_waited(pid)), flush=True)


def alone(command: list[str], folder: str, seconds: int) -> None:
    """Start ``command``, wait for it, and answer as :func:`serve` does."""
    pid = os.fork()
    if not pid:
        _limit(folder, seconds)
        os.execv(command[0], command)
    print(json.dumps(_waited(pid)), flush=True)


def _waited(pid: int) -> list[float | None]:
    """Wait for the process; return its exit code, its CPU and idle seconds and its bytes of memory at most."""
    began, stopped = time.monotonic(), False
    # It stays in the table of processes, so that its times can be read.
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > began + PATIENCE and not stopped:
            os.kill(pid, 9)
            stopped = True
        time.sleep(0.002)
    wall = time.monotonic() - began
    ran, queued, _ = (int(number) for number in Path(f"/proc/{pid}/schedstat").read_text().split())
    _, status, used = os.wait4(pid, 0)
    code = None if stopped else os.waitstatus_to_exitcode(status)
    return [code, used.ru_utime + used.ru_stime, max(0.0, wall - (ran + queued) / 1e9), used.ru_maxrss * 1024]


def _limit(folder: str, seconds: int) -> None:
    """Give this process its limit of CPU time, its folder, nothing to read, and a file for all that it prints."""
    resource.setrlimit(resource.RLIMIT_CPU, (2 * seconds, 2 * seconds + 1))
    os.chdir(folder)
    printed = os.open("printed.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (printed, 1), (printed, 2)):
        os.dup2(source, target)


def _command(arguments: list[str], folder: str, seconds: int) -> None:
    """Become the command line."""
    _limit(folder, seconds)
    from maskwright.cli.main import script

    sys.argv = ["maskwright", *arguments]
    code: object = 1
    try:
        script()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # Without taking Python down, in which libraries complain about what gc.freeze has kept.
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    if sys.argv[1:2] == ["alone"]:
        alone(**json.loads(sys.argv[2]))
    else:
        serve("torch" in sys.argv[1:])
