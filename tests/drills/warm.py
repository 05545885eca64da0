"""Commands as real processes that start at once: forks of a process that has imported everything.

Importing torch takes seconds, and a drill that kills fifty trainings starts a hundred of them. Each command here is a
process of its own, the leader of its own group, that runs ``maskwright.cli.main``; it just begins after the imports.
The processes that load data come from the same start method as always, whose server is started beforehand and shared.

A command that does not end in time is ended with SIGABRT, at which Python writes down what each of its threads was
doing; the error shows it.
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
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, cast

LOG = "warm.txt"


@dataclass(frozen=True)
class Running:
    """A command that was started; what it says goes to ``output``."""

    warm: "Warm"
    pid: int
    arguments: list[str]
    output: Path

    def signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit code, negative for the signal that ended it; ``TimeoutError`` when it takes longer."""
        code = self.warm.ask(wait=self.pid, seconds=seconds)
        if code is None:
            raise TimeoutError(f"{self.arguments} did not end within {seconds} s.\n{self._all_stacks()}")
        return code

    def said(self) -> str:
        """Everything it has printed so far."""
        return self.output.read_text(encoding="utf-8")

    def _all_stacks(self) -> str:
        for pid in (self.pid, *self.warm.loaders()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGABRT)
        self.warm.ask(wait=self.pid, seconds=10)
        return f"{self.said()}\n{(self.warm.folder / LOG).read_text(encoding='utf-8')}"


class Warm:
    """The process that has imported everything, seen from the tests."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder, self.started = process, folder, 0

    def ask(self, **request: Any) -> Any:
        """What it answers to a request."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(
        self,
        arguments: Sequence[str],
        largest_file: int | None = None,
        function: str = "maskwright.cli.main:main",
        environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a command, which may write no file with more bytes than ``largest_file``.

        ``function`` is what is called with the arguments and gives the exit code, as ``module:name``.
        """
        self.started += 1
        output = self.folder / f"{self.started}.txt"
        request = {"arguments": list(arguments), "environment": dict(environment or {}), "largest_file": largest_file}
        pid = self.ask(output=str(output), function=function, **request)
        return Running(self, pid, list(arguments), output)

    def run(self, arguments: Sequence[str], seconds: float = 120.0, **options: Any) -> tuple[int, str]:
        """Run a command to its end: its exit code, and what it said."""
        running = self.start(arguments, **options)
        return running.wait(seconds), running.said()

    def loaders(self) -> list[int]:
        """The processes that load data now: the children of their server, which is a child of this one. Linux only."""
        if sys.platform != "linux":
            return []
        servers = [
            pid for pid in children(self.process.pid) if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return [pid for server in servers for pid in children(server)]


def children(parent: int) -> list[int]:
    """The processes that ``parent`` started and that live, on Linux."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@contextmanager
def warm(folder: Path) -> Iterator[Warm]:
    """A :class:`Warm` process while the block lasts; outputs go to ``folder``."""
    # What it says itself is about semaphores of processes that were killed.
    with (folder / LOG).open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"},
            cwd=Path(__file__).resolve().parents[2],
        )
    try:
        started = Warm(process, folder)
        code, said = started.run(["recipes"])  # ready when this is done
        assert code == 0, said
        yield started
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def serve() -> None:
    """Answer the requests on standard input, one JSON line each, until it ends."""
    from maskwright.datasets.loader_workers import start_method

    context = cast(SpawnContext, get_context(start_method()))
    forkserver._forkserver._preload_modules.append("tests.drills.server")  # type: ignore[attr-defined]
    # Its server imports on another core meanwhile; a training that began earlier would wait for it.
    first = context.Process(target=os.getpid)
    first.start()
    import maskwright.workflows.run  # noqa: F401

    first.join()
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
    for _ in ticks(seconds):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
    return None


def ticks(seconds: float) -> Iterator[None]:
    """Every few milliseconds for ``seconds`` of a machine that has nothing else to do.

    Where more programs want to run than there are processors, it is longer in proportion; moments in which this process
    itself got no turn do not count.
    """
    passed, last = 0.0, time.monotonic()
    while passed < seconds:
        yield
        time.sleep(0.005)
        now = time.monotonic()
        passed += min(now - last, 0.1) / max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        last = now


def _forked(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
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
    module, _, name = request["function"].partition(":")
    try:
        code = getattr(import_module(module), name)(request["arguments"])
    except BaseException:
        traceback.print_exc()
        code = 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is done
    atexit._run_exitfuncs()
    # Without taking Python down, in which libraries complain about what gc.freeze has kept.
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
