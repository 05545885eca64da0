"""A pause of Python's garbage collector while large files are read or torch is imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Disable the search for reference cycles inside the context; reference counting still frees memory.

    Reading a file creates millions of objects without cycles. The collector would visit all of them again and again,
    which is half of the time for a file of half a gigabyte. It is a sixth of the time to import torch and torchvision.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                # Move all objects to the oldest generation, or the next small object would trigger a search of them.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
