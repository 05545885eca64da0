"""The same pure function over many parts of a job: in this process, in a pool of processes, or on a Ray cluster.

The results come in the order of the parts whatever the engine. A part whose process was killed is done again.
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

# A part that kills its process every time is at fault itself.
ATTEMPTS = 3

# Windows waits for no more than 63 processes, of which Python needs two.
_MOST_ON_WINDOWS = 61


def parallel_map(
    function: Callable[[Part], Result],
    parts: Sequence[Part],
    *,
    workers: int = 0,
    engine: str = "local",
    address: str | None = None,
) -> Generator[Result]:
    """``function(part)`` for each part, in order. Close the generator (``contextlib.closing``) to end early.

    ``local`` uses ``workers`` processes, or this one when 0. ``ray`` runs on the cluster at ``address`` (``auto``
    finds a running one), at most ``workers`` parts at a time, or on one of ``workers`` processes started for this job
    (0: as many as there are cores); ``function`` must not depend on where it runs, and paths in the parts must be valid
    on every machine. ``str(part)`` names a part in errors.

    Raises ``UsageError`` for an unknown engine; while iterating, what ``function`` raises, and ``MaskwrightError`` when
    Ray is not installed or cannot be reached, or when a part killed its process three times.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "ray" and parts:
        return ray_map(function, parts, workers or (0 if address else cores()), address, ATTEMPTS)
    if workers and len(parts) > 1:
        return _in_pool(function, parts, workers)
    return (function(part) for part in parts)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether this process has one thread, so that a fork of it cannot inherit a lock that nobody will release."""
    tasks = Path("/proc/self/task")
    return sys.platform == "linux" and tasks.is_dir() and len(os.listdir(tasks)) == 1


def _in_pool(function: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Generator[Result]:
    done, attempts = 0, 0
    while done < len(parts):
        try:
            # One worker at the last attempt: then the part that is waited for is the one that kills.
            for result in _attempt(function, parts[done:], workers if attempts < ATTEMPTS - 1 else 1):
                yield result
                done, attempts = done + 1, 0
        except BrokenProcessPool as error:
            attempts += 1
            if attempts == ATTEMPTS:
                raise MaskwrightError(
                    f"A worker process was killed {ATTEMPTS} times at {parts[done]!s:.200}, most likely for want of "
                    "memory. Use fewer --workers, or 0 to work in one process."
                ) from error


def _attempt(function: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Generator[Result]:
    # A fork starts at once and has the parts already; elsewhere each part is sent to a process started anew.
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
    # Ctrl-C reaches every process of a terminal; the parent is the one to say so and to end the pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _adopted(index: int) -> Any:
    return _function(_parts[index])
