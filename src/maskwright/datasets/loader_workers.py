"""The start, the signals and the end of the processes that load data."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from typing import Any

import cv2
from torch.utils.data import DataLoader

from maskwright.errors import MaskwrightError
from maskwright.parallel.orphans import end_with_parent

_ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM)
_SECONDS_TO_SAVE = 30


def start_method() -> str:
    """Return the multiprocessing start method: ``forkserver`` on Linux, ``spawn`` elsewhere.

    A fork of this process would lack its threads (OpenMP, Rayon) and could hang. The fork server imports the dataset
    modules once for all workers.
    """
    if sys.platform != "linux":
        return "spawn"
    get_context("forkserver").set_forkserver_preload(["maskwright.datasets.semantic", "maskwright.datasets.instance"])
    return "forkserver"


def init_worker(number: int) -> None:
    """Set up worker ``number``: one OpenCV thread, signals, and an end when the parent ends.

    Ctrl-C and SIGTERM often reach every process of a job at once. The parent answers them: it saves its state, for
    which it may need another batch, and ends its workers. So a worker ignores Ctrl-C, and obeys SIGTERM 30 seconds
    later. torch's own check for a dead parent would watch the fork server instead.
    """
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_SECONDS_TO_SAVE))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING_TO_STOP)
    end_with_parent()


@contextmanager
def ignore_signals() -> Iterator[None]:
    """Block Ctrl-C and SIGTERM in processes started inside the context, until :func:`init_worker` handles them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would unblock the signals again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop_workers(loader: DataLoader[Any]) -> None:
    """End the worker processes of ``loader`` now, whatever they are doing.

    At the end of the program Python would send them SIGTERM, which they obey late; see :func:`init_worker`.
    """
    iterator, loader._iterator = loader._iterator, None
    if iterator is None:
        return
    iterator._shutdown_workers()  # type: ignore[attr-defined] - as torch itself does when nothing refers to it
    for process in iterator._workers:  # type: ignore[attr-defined]
        process.kill()  # one that still decodes an image after torch's 5 seconds
        process.join()


def unwrap_worker_errors(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield ``batches``; re-raise a ``MaskwrightError`` of a worker process with its own message alone.

    torch replaces the message by ``Caught … Original Traceback …``, whose last line holds the original.
    """
    try:
        yield from batches
    except MaskwrightError as error:
        kind = type(error)
        _, found, message = str(error).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")
        if not found:
            raise
        raise kind(message.rstrip("\n")) from error
