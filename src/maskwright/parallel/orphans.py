"""Processes that end with the one that started them, also when that one was killed."""

import os
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process

_SECONDS_BETWEEN_LOOKS = 0.5


def end_with_parent() -> None:
    """End this process, from a thread of its own, as soon as the process that started it is gone.

    A killed parent ends nobody: a worker would wait for work for ever, and a training would go on, unseen, beside the
    one that resumes it. Of processes that ``multiprocessing`` started the parent is the one that asked for them, and
    not the server that forked them; of any other it is the system's parent.
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
