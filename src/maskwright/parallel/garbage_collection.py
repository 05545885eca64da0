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
            if not gc.get_freeze_count():
                # To the oldest generation at once, or the next small object would have all of them walked.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
