"""A process that works beside this one, and whose lines wait until they are asked for."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.orphans import end_with_parent
from maskwright.printing import print_lines

# What the system lets a process that was asked to stop finish, in seconds.
_PATIENCE = 30.0


class Companion:
    """A process of Python that does ``module`` with ``arguments``, while this one does other work.

    Its lines on standard error are kept until :meth:`follow`. Leaving the context stops it; it also ends with this
    process. ``module`` does its work in :func:`do_as_companion`, by which its errors come back.
    """

    def __init__(self, module: str, arguments: Sequence[str], what: str) -> None:
        self._what = what
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._said = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_lines, self._read_error)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> "Companion":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask the process to stop, and wait for it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for reader in self._readers:
            reader.join()

    def follow(self, say: Callable[[str], None]) -> None:
        """Pass the lines so far to ``say``, and each further one as it comes, until the process has ended.

        Raises the ``MaskwrightError`` that the process ended with, or one that says how it was killed.
        """
        while (line := self._lines.get()) is not None:
            say(line)
        for reader in self._readers:
            reader.join()
        code = self._process.wait()
        if code:
            raise self._error(code)

    def _error(self, code: int) -> MaskwrightError:
        if self._said:
            said = json.loads(self._said)
            error = (UsageError if said["exit_code"] == UsageError.exit_code else MaskwrightError)(*said["lines"])
            error.exit_code = said["exit_code"]
            return error
        how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
        return MaskwrightError(
            f"The process of {self._what} {how}; expected it to run until the end. Most likely memory ran out: "
            "free some, and start again."
        )

    def _read_lines(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_error(self) -> None:
        assert self._process.stdout is not None
        self._said = self._process.stdout.read()


def do_as_companion(work: Callable[[], object]) -> int:
    """Do ``work`` in the process of a :class:`Companion`, and return its exit code.

    The lines of a ``MaskwrightError`` go back through standard output.
    """
    end_with_parent()
    try:
        work()
    except MaskwrightError as error:
        print_lines(json.dumps({"lines": error.lines, "exit_code": error.exit_code}))
        return error.exit_code or 1
    return 0
