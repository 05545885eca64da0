"""Work on a stream in threads of this process, for what releases Python's lock: NumPy, OpenCV, files."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield ``function`` of each of ``items``, in their order; with 0 ``threads`` it is called here, one by one.

    ``items`` are taken in the calling thread, which meanwhile works on the next ones: a network that makes them does
    not wait for what is done with its results. At most ``4 * threads`` results are held. An error is raised where its
    result would be yielded.
    """
    if not threads:
        yield from map(function, items)
        return
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, "results") as executor:
        try:
            for item in items:
                pending.append(executor.submit(function, item))
                while len(pending) >= 4 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
