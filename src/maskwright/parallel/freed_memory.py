"""Memory that torch frees is kept for its next tensors, and not returned to the system after each step."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The parameters of mallopt (malloc.h of the GNU C library), and what it sets them to by itself once large blocks were
# freed (malloc.c: DEFAULT_MMAP_THRESHOLD_MAX, and twice that).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_USUAL_MMAP_THRESHOLD = 32 << 20
_LARGEST_KEPT = 1 << 30
_MOST_KEPT = (1 << 31) - 1

# Who has set one of these has chosen how memory is allocated, or another allocator.
_DECISIONS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_", "LD_PRELOAD")


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory for the next allocations inside the context; at its end the system gets it back.

    The GNU C library maps every block of more than 32 MiB anew and returns it when it is freed. The system then has to
    clear each page of each large tensor in every step, which is a quarter of the time of training a DeepLab on a CPU
    (``benchmarks/freed_memory.py``). Results do not depend on it.

    Elsewhere than on Linux with that library, and where a user's environment has decided (``MALLOC_TRIM_THRESHOLD_``
    and its kin, malloc settings in ``GLIBC_TUNABLES``, another allocator by ``LD_PRELOAD``), it does nothing.
    """
    library = _gnu_c_library()
    if library is None or _user_has_decided():
        yield
        return
    _set_thresholds(library, _LARGEST_KEPT, _MOST_KEPT)
    try:
        yield
    finally:
        _set_thresholds(library, _USUAL_MMAP_THRESHOLD, 2 * _USUAL_MMAP_THRESHOLD)
        library.malloc_trim(0)


def _user_has_decided() -> bool:
    return any(name in os.environ for name in _DECISIONS) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")


def _gnu_c_library() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    # Other C libraries, such as musl, lack the first or the others.
    return (
        library if all(hasattr(library, name) for name in ("gnu_get_libc_version", "mallopt", "malloc_trim")) else None
    )


def _set_thresholds(library: ctypes.CDLL, largest_kept: int, most_kept: int) -> None:
    set_parameter: Callable[[int, int], int] = library.mallopt
    set_parameter(_MMAP_THRESHOLD, largest_kept)
    set_parameter(_TRIM_THRESHOLD, most_kept)
