"""A parallel map over the parts of a job on a Ray cluster: a running one, or one started for the job."""

import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from types import ModuleType
from typing import Any, TypeVar

from maskwright.errors import MaskwrightError, one_line

Part = TypeVar("Part")
Result = TypeVar("Result")

# Parts submitted per core of the cluster: enough to keep it busy, few enough to fit into its memory.
_AHEAD = 4

_SECONDS_TO_ANSWER = 10.0


def ray_map(
    function: Callable[[Part], Result], parts: Sequence[Part], workers: int, address: str | None, attempts: int
) -> Generator[Result]:
    """Yield ``function(part)`` for each part, in order; a part whose process was killed is tried ``attempts`` times.

    See :func:`maskwright.parallel.pool.parallel_map` for the arguments and errors. An existing connection of this
    process to Ray is used and left open.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, workers, address)
    ahead = workers if workers and address else _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
    try:
        yield from _in_order(ray, function, parts, ahead, attempts)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> ModuleType:
    # Ray sends usage statistics to its makers by default; Maskwright sends nothing.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError as error:
        raise MaskwrightError(
            "The engine 'ray' is not installed. Install it with: pip install 'maskwright[ray]'"
        ) from error
    return ray


def _connect(ray: ModuleType, workers: int, address: str | None) -> None:
    # "local", not None: otherwise RAY_ADDRESS in the environment would name another cluster.
    where = {"address": address} if address else {"address": "local", "num_cpus": workers}
    try:
        _require_answer(address or "local")
        with nullcontext() if address else _without_usage_process(ray):
            ray.init(**where, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except MaskwrightError:
        raise
    except Exception as error:  # Ray raises Exception itself when its processes are late
        found = one_line(error)
        raise MaskwrightError(
            f"No Ray cluster answers at {address or 'this machine'} ({found}). Start one with: ray start --head"
        ) from error


@contextmanager
def _without_usage_process(ray: ModuleType) -> Iterator[None]:
    """Keep Ray from starting the process that gathers its usage statistics.

    It asks the addresses of cloud providers where it runs, 169.254.169.254 and metadata.google.internal, before it sees
    that no statistics are wanted. Nothing else is in it without a dashboard, and Ray goes on where it does not start.
    """
    services: Any = getattr(getattr(ray, "_private", None), "services", None)
    started = getattr(services, "start_api_server", None)
    if started is None:
        raise MaskwrightError(
            f"Ray {getattr(ray, '__version__', '')} cannot be kept from asking cloud providers where it runs; expected "
            "a version from 2.54 to 2.60. Install one, use --engine local, or start a cluster yourself and name it."
        )
    services.start_api_server = lambda *_, **__: (None, None)
    try:
        yield
    finally:
        services.start_api_server = started


def _require_answer(address: str) -> None:
    """Raise ``OSError`` when nothing listens at ``host:port``; Ray itself would retry for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_ANSWER).close()


def _in_order(
    ray: ModuleType, function: Callable[[Part], Result], parts: Sequence[Part], ahead: int, attempts: int
) -> Generator[Result]:
    # Ray repeats a task whose process was killed; a task whose function raises is not repeated.
    task = ray.remote(max_retries=attempts - 1)(function)
    remaining, waiting = iter(parts), deque()
    try:
        while True:
            waiting.extend((part, task.remote(part)) for part in islice(remaining, ahead - len(waiting)))
            if not waiting:
                return
            part, reference = waiting[0]
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError as error:
                raise MaskwrightError(
                    f"Ray could not do {part!s:.200} in {attempts} attempts ({error}). Give the cluster more memory."
                ) from error
            waiting.popleft()
            yield result
    finally:
        for _, reference in waiting:
            ray.cancel(reference)
