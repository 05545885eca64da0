"""Python's garbage collector, out of the way of large files."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Search for no reference cycles meanwhile; other garbage goes at once, as ever.

    Reading makes millions of objects that hold no cycle, and the collector would walk all of them again and again: half
    of the time for a file of half a gigabyte.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
