"""Progress that a person can follow: a bar with rate and time left on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import TextIO, TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_FRAMES = 0.1


@dataclass
class Reporter:
    """Says what is going on, on standard error; nothing at all when ``quiet``.

    Args:
        quiet: Say nothing.
        stream: Where it is said.
        seconds_between_lines: The least time between two lines of progress where no bar can be drawn.

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
        """Print a line."""
        if not self.quiet:
            print(text, file=self.stream, flush=True)

    def warn(self, lines: Iterable[str]) -> None:
        """Print warnings, even when quiet: what was left out is never left unsaid."""
        for line in lines:
            print(line, file=self.stream, flush=True)

    def track(self, items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
        """Pass ``items`` on, showing how many are done, the rate and the time left."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        if self.quiet:
            yield from items
        elif self.stream.isatty():
            yield from self._bar(items, what, total)
        else:
            yield from self._lines(items, what, total)

    def _bar(self, items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
        # Imported where a bar is drawn: most jobs of a script never need it.
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
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        started = shown = time.monotonic()
        # Refreshed here and not by a thread of Rich: a process with threads cannot be forked, see workflows/pool.py.
        bar = Progress(*columns, console=Console(file=self.stream), transient=True, auto_refresh=False)
        with bar as progress:
            task = progress.add_task(what, total=total, rate="")
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
    """``what: 30/120, 2.5/s, 36 s left``."""
    rate = done / max(seconds, 1e-9)
    if total is None:
        return f"{what}: {done}, {rate:.1f}/s"
    return f"{what}: {done}/{total}, {rate:.1f}/s, {max(0, total - done) / max(rate, 1e-9):.0f} s left"
