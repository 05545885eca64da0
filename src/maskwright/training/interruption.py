"""A request to stop (SIGTERM, as a cluster or a reboot sends it, or Ctrl-C), answered where nothing is lost."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from maskwright.errors import MaskwrightError

Item = TypeVar("Item")


class Interrupted(MaskwrightError):
    """The work was asked to stop by a signal; the exit code is the one of a process that this signal ended."""

    def __init__(self, message: str, number: int = signal.SIGTERM) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """Whether the process was asked to stop, and by which signal (0: none)."""

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether a request was made."""
        return self.number != 0

    @contextmanager
    def listening(self) -> Iterator["StopRequest"]:
        """Take SIGTERM and Ctrl-C as requests; a second Ctrl-C ends the process at once.

        Signals reach Python's main thread only; in another thread nothing changes. A signal that the process was
        started to ignore (as ``nohup`` does) stays ignored.
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
        """``items`` up to the one during which a request comes."""
        for item in items:
            if self():
                return
            yield item

    def interrupted(self, where: str) -> Interrupted:
        """The exception that says so; another process of the training may be the one that was asked."""
        number = self.number or signal.SIGTERM
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        return Interrupted(
            f"The training was asked to stop ({name}) and has saved its state {where}. Go on with --resume.", number
        )

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, self._before[number])
