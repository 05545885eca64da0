"""Commands as real processes that start at once: forks of a process that has imported everything.

Importing torch takes seconds, and a drill that kills fifty trainings starts a hundred of them. Each command here is a
process of its own, the leader of its own group, that runs ``maskwright.cli.main``; it just begins after the imports.
The processes that load data come from the same start method as always, whose server is started beforehand and shared.
"""

import atexit
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Running:
    """A command that was started; what it says goes to ``output``."""

    warm: "Warm"
    pid: int
    output: Path

    def signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit code, negative for the signal that ended it; ``TimeoutError`` when it takes longer."""
        return self.warm.ask(wait=self.pid, seconds=seconds)

    def said(self) -> str:
        """Everything it has printed so far."""
        return self.output.read_text(encoding="utf-8")


class Warm:
    """The process that has imported everything, seen from the tests."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder, self.started = process, folder, 0

    def ask(self, **request: Any) -> int:
        """What it answers to a request."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer is None:
            raise TimeoutError(str(request))
        return answer

    def start(self, arguments: Sequence[str], largest_file: int | None = None, **environment: str) -> Running:
        """Start a command, which may write no file with more bytes than ``largest_file``."""
        self.started += 1
        output = self.folder / f"{self.started}.txt"
        request = {"arguments": list(arguments), "environment": environment, "largest_file": largest_file}
        return Running(self, self.ask(output=str(output), **request), output)

    def run(self, arguments: Sequence[str], seconds: float = 120.0, **options: Any) -> tuple[int, str]:
        """Run a command to its end: its exit code, and what it said."""
        running = self.start(arguments, **options)
        return running.wait(seconds), running.said()

    def loaders(self) -> list[int]:
        """The processes that load data now, on Linux: the children of their server, which is a child of this one."""
        servers = [
            pid for pid in _children(self.process.pid) if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return [pid for server in servers for pid in _children(server)]


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@contextmanager
def warm(folder: Path) -> Iterator[Warm]:
    """A :class:`Warm` process while the block lasts; outputs go to ``folder``."""
    # What it says itself is about semaphores of processes that were killed.
    with (folder / "warm.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).resolve().parents[2],
        )
    try:
        started = Warm(process, folder)
        started.run(["recipes"])  # ready when this is done
        yield started
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def serve() -> None:
    """Answer the requests on standard input, one JSON line each, until it ends."""
    from multiprocessing import forkserver

    from maskwright.datasets.loading_process import start_method

    if start_method() == "forkserver":
        forkserver.ensure_running()  # imports on another core meanwhile
    import maskwright.workflows.run  # noqa: F401

    gc.freeze()  # or every fork would copy all of it when it is done

    children: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = _waited(request["wait"], request["seconds"])
            children -= {request["wait"]} if answer is not None else set()
        else:
            answer = _forked(request)
            children.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in children:
        os.killpg(pid, signal.SIGKILL)


def _waited(pid: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def _forked(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    from multiprocessing import forkserver

    # It runs, but it is the parent's child, which this process cannot ask about.
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]
    os.setpgid(0, 0)
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.environ.update(request["environment"])
    if request["largest_file"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_file"], request["largest_file"]))
    from maskwright.cli.main import main

    code = main(request["arguments"])
    atexit._run_exitfuncs()
    # Without taking Python down, in which libraries complain about what gc.freeze has kept.
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
