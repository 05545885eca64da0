"""Requests to stop by SIGTERM (from a cluster or a shutdown) or Ctrl-C, which the training answers after saving."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from maskwright.errors import MaskwrightError

Item = TypeVar("Item")


class Interrupted(MaskwrightError):
    """Raised after a signal asked the work to stop and its state is saved.

    ``exit_code`` is 128 plus the signal's ``number``, the exit code of a process that this signal ended.
    """

    def __init__(self, message: str, number: int = signal.SIGTERM) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """A flag that a signal sets. ``number`` is the signal's number, 0 before any."""

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self.number != 0

    @contextmanager
    def listening(self) -> Iterator["StopRequest"]:
        """Treat SIGTERM and Ctrl-C as requests while the context is open; a second Ctrl-C ends the process at once.

        The earlier handlers are restored at the end. Signals reach Python's main thread only, so in another thread
        nothing changes. A signal that the process was started to ignore (as by ``nohup``) stays ignored.
        """
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._receive)
        try:
            yield self
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            self._before.clear()

    def until(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield ``items`` until a stop is requested."""
        for item in items:
            if self():
                return
            yield item

    def interrupted(self, where: str) -> Interrupted:
        """Return the exception that says after which signal and ``where`` the state was saved.

        Without a signal here, SIGTERM is named: another process of the training got the request.
        """
        number = self.number or signal.SIGTERM
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        return Interrupted(
            f"The training was asked to stop ({name}) and has saved its state {where}. Go on with --resume.", number
        ).try_next(added=["--resume"])

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, self._before[number])
