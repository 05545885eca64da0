"""Progress reports: a bar with rate and time left on a terminal, plain lines in other streams."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import TextIO, TypeVar

from maskwright.control_characters import escape_controls
from maskwright.printing import print_lines

Item = TypeVar("Item")

_SECONDS_BETWEEN_FRAMES = 0.1


@dataclass
class Reporter:
    """Reports messages, warnings and progress on standard error.

    Args:
        quiet: Report warnings only.
        stream: The text stream to write to; standard error by default.
        seconds_between_lines: The shortest time between two lines of progress where no bar can be drawn.

    Example:
        >>> import sys
        >>> import maskwright as mw
        >>> mw.Reporter(stream=sys.stdout).say("three images")
        three images
        >>> mw.Reporter(quiet=True, stream=sys.stdout).say("three images")
    """

    quiet: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    seconds_between_lines: float = 10.0

    def say(self, text: str) -> None:
        """Print one line, unless quiet.

        Args:
            text: The line. Control characters in it, line breaks too, are shown escaped.

        Example:
            >>> import sys
            >>> from maskwright import Reporter
            >>> Reporter(stream=sys.stdout).say("12 images checked")
            12 images checked
        """
        if not self.quiet:
            print_lines(text, file=self.stream)

    def warn(self, lines: Iterable[str]) -> None:
        """Print warnings, even when quiet: excluded data is always reported.

        Args:
            lines: The warnings, one line each; control characters are shown escaped.

        Example:
            >>> import sys
            >>> from maskwright import Reporter
            >>> Reporter(quiet=True, stream=sys.stdout).warn(["labels.json: 2 annotations are skipped."])
            labels.json: 2 annotations are skipped.
        """
        for line in lines:
            print_lines(line, file=self.stream)

    def notice(self, line: str) -> None:
        """Print one line, even when quiet.

        Args:
            line: The line.

        Example:
            >>> import sys
            >>> from maskwright import Reporter
            >>> Reporter(quiet=True, stream=sys.stdout).notice("parts: 2 unfinished files are removed.")
            parts: 2 unfinished files are removed.
        """
        self.warn([line])

    def track(self, items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
        """Yield ``items``, and show how many are done, the rate and the time left.

        On a terminal a bar is drawn. In other streams a line is printed every ``seconds_between_lines``.

        Args:
            items: What to iterate over.
            what: The name of the work, which begins each line.
            total: The number of items; their length where they have one, by default.

        Returns:
            An iterator of the items.

        Example:
            >>> from maskwright import Reporter
            >>> sum(Reporter(quiet=True).track([1, 2, 3], "numbers"))
            6
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        if self.quiet:
            yield from items
        elif self.stream.isatty():
            yield from self._bar(items, what, total)
        else:
            yield from self._lines(items, what, total)

    def _bar(self, items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
        # Imported when a bar is drawn, because most scripts draw none.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        started = shown = time.monotonic()
        # Refreshed here and not by a thread of Rich: a process with threads cannot be forked, see parallel/pool.py.
        bar = Progress(*columns, console=Console(file=self.stream), transient=True, auto_refresh=False)
        with bar as progress:
            task = progress.add_task(escape_controls(what), total=total, rate="")
            progress.refresh()
            for done, item in enumerate(items, start=1):
                yield item
                now = time.monotonic()
                if now - shown >= _SECONDS_BETWEEN_FRAMES or done == total:
                    shown = now
                    rate = f"{done / max(now - started, 1e-9):.1f}/s"
                    progress.update(task, completed=done, rate=rate, refresh=True)

    def _lines(self, items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
        started = last = time.monotonic()
        for done, item in enumerate(items, start=1):
            yield item
            now = time.monotonic()
            if now - last >= self.seconds_between_lines:
                last = now
                self.say(progress_line(what, done, total, now - started))


def progress_line(what: str, done: int, total: int | None, seconds: float) -> str:
    """Return a line of progress such as ``what: 30/120, 2.5/s, 36 s left``."""
    rate = done / max(seconds, 1e-9)
    if total is None:
        return f"{what}: {done}, {rate:.1f}/s"
    return f"{what}: {done}/{total}, {rate:.1f}/s, {max(0, total - done) / max(rate, 1e-9):.0f} s left"
