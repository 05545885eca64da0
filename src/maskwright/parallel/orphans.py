"""Processes that end with their parent, also when the parent is killed."""

import os
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process

_SECONDS_BETWEEN_LOOKS = 0.5


def end_with_parent() -> None:
    """End this process, from a thread, as soon as the process that started it has ended.

    The end of a killed parent ends no child. A worker would wait for work for ever, and a training would continue
    unnoticed beside the one that resumes it. The parent of a process that ``multiprocessing`` started is the process
    that requested it, not the fork server; the parent of any other process is that of the operating system.
    """
    asked_for_by = parent_process()
    wait = asked_for_by.join if asked_for_by is not None else _wait_for(os.getppid())
    threading.Thread(target=_end_after, args=(wait,), daemon=True).start()


def _end_after(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)


def _wait_for(parent: int) -> Callable[[], None]:
    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    return wait
