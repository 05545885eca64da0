"""The processor cores that other programs leave free, as Linux counts the time of each core."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from maskwright.parallel.pool import cores

_SECONDS = 0.4  # Linux counts in hundredths, and a program that pauses for less is busy
_IDLE = (3, 4)  # the columns idle and iowait of a line of /proc/stat


def free_cores(look: Callable[[], dict[int, tuple[int, int]] | None] | None = None) -> int:
    """Return how many of this process's cores other programs leave free now, at least 1; it takes 0.4 seconds.

    What others compute on the cores meanwhile, in seconds a second and rounded to a whole number, is how many they
    take. The calling process should not compute then. Elsewhere than on Linux it returns all cores.

    ``look`` returns the ticks that each core was busy and that it was not, so far; by default those of Linux.

    Example:
        >>> from maskwright.parallel.free_cores import free_cores
        >>> readings = iter([{0: (500, 900), 1: (100, 700)}, {0: (540, 900), 1: (103, 737)}])
        >>> free_cores(lambda: next(readings))
        1
    """
    look = look or _ticks_of_cores
    before = look()
    if before is None:
        return cores()
    time.sleep(_SECONDS)
    after = look() or {}
    shares = [_busy_share(before[number], after[number]) for number in before if number in after]
    return max(1, len(before) - int(sum(shares) + 0.5))


def _busy_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    busy, idle = (max(0, then - now) for now, then in zip(before, after, strict=True))
    return busy / (busy + idle) if busy + idle else 0.0


def _ticks_of_cores() -> dict[int, tuple[int, int]] | None:
    """Return the ticks that each core of this process was busy and that it was not; None where no file tells."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        own = os.sched_getaffinity(0)
        found: dict[int, tuple[int, int]] = {}
        for name, *columns in (line.split() for line in lines if line.startswith("cpu")):
            if name != "cpu" and int(name[3:]) in own:
                ticks = [int(each) for each in columns[:8]]  # those after it are counted among them already
                idle = sum(ticks[column] for column in _IDLE)
                found[int(name[3:])] = (sum(ticks) - idle, idle)
    except (OSError, AttributeError, ValueError, IndexError):
        return None
    return found or None
