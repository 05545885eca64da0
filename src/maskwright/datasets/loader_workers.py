"""How processes that load data are started, and what they leave to their parent."""

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
    """How to start them: never a fork of this process, whose threads (OpenMP, Rayon) would be missing in it.

    On Linux they are forks of a small server that has imported everything once; elsewhere each imports anew.
    """
    if sys.platform != "linux":
        return "spawn"
    get_context("forkserver").set_forkserver_preload(["maskwright.datasets.semantic", "maskwright.datasets.instance"])
    return "forkserver"


def init_worker(number: int) -> None:
    """Set up process ``number``: one thread, because there is a process for each core, and an end with its parent.

    Ctrl-C and SIGTERM often go to every process of a job at once. The parent answers them: it saves its state, for
    which it may need another batch, and ends its children. So Ctrl-C is ignored here, and SIGTERM heard with a delay.
    torch's own watch for the parent looks at the server that forked the process instead.
    """
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_SECONDS_TO_SAVE))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING_TO_STOP)
    end_with_parent()


@contextmanager
def ignore_signals() -> Iterator[None]:
    """Processes started within hear neither Ctrl-C nor SIGTERM from the beginning, long before :func:`init_worker`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let the signals through again when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop_workers(loader: DataLoader[Any]) -> None:
    """End the processes of ``loader`` now, whatever they are doing.

    Left to the end of the program they would be asked by SIGTERM, which they answer late; see :func:`init_worker`.
    """
    iterator, loader._iterator = loader._iterator, None
    if iterator is None:
        return
    iterator._shutdown_workers()  # type: ignore[attr-defined] - as torch itself does when nothing refers to it
    for process in iterator._workers:  # type: ignore[attr-defined]
        process.kill()  # one that was still at an image after torch's 5 seconds
        process.join()


def unwrap_worker_errors(batches: Iterable[Any]) -> Iterator[Any]:
    """``batches``; an error of ours in a loading process comes out as it was raised, without that process's traceback.

    torch gives it the text ``Caught … Original Traceback …``, of which the last line is the error's.
    """
    try:
        yield from batches
    except MaskwrightError as error:
        kind = type(error)
        _, found, message = str(error).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")
        if not found:
            raise
        raise kind(message.rstrip("\n")) from error
