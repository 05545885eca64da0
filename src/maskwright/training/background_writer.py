"""Writing beside the training: a thread writes what was copied for it, while the training goes on."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


class BackgroundWriter:
    """Does one piece of writing at a time in a thread; its error is raised in the thread that asked for it.

    The thread is not a daemon, so that a program that ends finishes writing first.
    """

    def __init__(self) -> None:
        self._pending: Future[None] | None = None

    def submit(self, write: Callable[[], None]) -> None:
        """Start ``write`` once the one before is done. Raises the error of the one before."""
        self.wait()
        self._pending = Future()
        threading.Thread(target=_do, args=(write, self._pending), name="writer").start()

    def raise_error(self) -> None:
        """Raise the error of a ``write`` that has failed; return at once while it is still going on."""
        if self._pending is not None and self._pending.done():
            self.wait()

    def wait(self) -> None:
        """Return when nothing is left to write. Raises the error of a ``write`` that has failed."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def settle(self) -> None:
        """Return when nothing is left to write, for a training that ends with an error of its own."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.exception()


def _do(write: Callable[[], None], pending: "Future[None]") -> None:
    try:
        write()
    except BaseException as error:
        pending.set_exception(error)
    else:
        pending.set_result(None)
