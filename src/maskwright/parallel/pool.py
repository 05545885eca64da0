"""A parallel map over the parts of a job: in this process, in a process pool, or on a Ray cluster.

Results come in the order of the parts with every engine. A part whose process was killed is repeated.
"""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from maskwright.errors import MaskwrightError, unknown_name
from maskwright.parallel.orphans import end_with_parent
from maskwright.parallel.ray_pool import ray_map

Part = TypeVar("Part")
Result = TypeVar("Result")

ENGINES = ("local", "ray")

# After so many killed processes, the part itself is considered the cause.
ATTEMPTS = 3

# Windows waits for at most 63 handles, of which Python needs two.
_MOST_ON_WINDOWS = 61


def parallel_map(
    function: Callable[[Part], Result],
    parts: Sequence[Part],
    *,
    workers: int = 0,
    engine: str = "local",
    address: str | None = None,
) -> Generator[Result]:
    """Yield ``function(part)`` for each part, in order. Close the generator (``contextlib.closing``) to end early.

    ``local`` uses ``workers`` processes, or this one when 0. ``ray`` uses the cluster at ``address`` (``auto`` finds a
    running one) with at most ``workers`` parts at a time. Without an ``address`` it starts a Ray of ``workers``
    processes for the job (0: one per core). ``function`` must not depend on the machine, and paths in the parts must be
    valid on every machine. Errors name a part by ``str(part)``.

    Raises ``UsageError`` for an unknown engine. Iterating raises what ``function`` raises, and ``MaskwrightError`` when
    Ray is not installed or does not answer, or when a part's process was killed three times.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "ray" and parts:
        return ray_map(function, parts, workers or (0 if address else cores()), address, ATTEMPTS)
    if workers and len(parts) > 1:
        return _in_pool(function, parts, workers)
    return (function(part) for part in parts)


def cores() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def may_fork() -> bool:
    """Return whether this process has a single thread, so that a fork cannot inherit a lock that is never released.

    Only Linux reports the threads; the answer is False on other systems.
    """
    tasks = Path("/proc/self/task")
    return sys.platform == "linux" and tasks.is_dir() and len(os.listdir(tasks)) == 1


def _in_pool(function: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Generator[Result]:
    done, attempts = 0, 0
    while done < len(parts):
        try:
            # One worker at the last attempt, so that the awaited part is the one whose process is killed.
            for result in _attempt(function, parts[done:], workers if attempts < ATTEMPTS - 1 else 1):
                yield result
                done, attempts = done + 1, 0
        except BrokenProcessPool as error:
            attempts += 1
            if attempts == ATTEMPTS:
                raise MaskwrightError(
                    f"A worker process was killed {ATTEMPTS} times at {parts[done]!s:.200}, most likely for lack of "
                    "memory. Use fewer --workers, or 0 to work in one process."
                ) from error


def _attempt(function: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Generator[Result]:
    # A fork starts at once and inherits the parts; a spawned process is sent each part.
    inherited = may_fork()
    most = _MOST_ON_WINDOWS if sys.platform == "win32" else workers
    pool = ProcessPoolExecutor(
        min(workers, len(parts), most),
        mp_context=get_context("fork" if inherited else "spawn"),
        initializer=_start_worker,
        initargs=(function, parts) if inherited else (),
    )
    try:
        waiting = deque(
            pool.submit(_adopted, i) if inherited else pool.submit(function, part) for i, part in enumerate(parts)
        )
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_function: Callable[[Any], Any]
_parts: Sequence[Any]


def _start_worker(function: Callable[[Any], Any] | None = None, parts: Sequence[Any] = ()) -> None:
    global _function, _parts
    if function is not None:
        _function, _parts = function, parts
    # Ctrl-C reaches every process of a terminal; only the parent reports it and ends the pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _adopted(index: int) -> Any:
    return _function(_parts[index])
