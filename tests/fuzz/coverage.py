"""Which lines of the package an input reaches, one after the other: what tells a new input from a known one."""

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import maskwright

_PACKAGE = str(maskwright.__path__[0])


class Coverage:
    """The pairs of lines that were run one after the other, in functions of the package and of the targets."""

    def __init__(self, package: str = _PACKAGE) -> None:
        self._package = package
        self._ours: dict[CodeType, bool] = {}
        self._seen: set[tuple[CodeType, int, int]] = set()
        self._fresh = False

    def __len__(self) -> int:
        return len(self._seen)

    def run(self, work: Callable[[], Any]) -> tuple[Any, bool]:
        """Return the result of ``work``, and whether it reached lines in a new order."""
        self._fresh = False
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            result = work()
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        return result, self._fresh

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = code.co_filename.startswith(self._package)
        if not ours:
            return None
        last = 0

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            if event == "line":
                pair = (code, last, frame.f_lineno)
                last = frame.f_lineno
                if pair not in self._seen:
                    self._seen.add(pair)
                    self._fresh = True
            return line

        return line
