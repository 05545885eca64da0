"""The threads of OpenMP, which torch computes with, spin while they wait, and sleep beside other busy programs.

A thread that spins answers at once, but holds a core. Beside one other busy process on a machine of two cores it takes
the core from the thread that works, and a training step takes four to twelve times as long. A thread that sleeps leaves
the core, but on an idle machine waking it costs a step a tenth to a third of its time (``benchmarks/neighbour.py``).
Results depend on neither.
"""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# By whichever of these a user has decided how threads wait, the decision stands. GCC's OpenMP has the second, and that
# of LLVM and Intel, on macOS and Windows, the third.
_DECISIONS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")

_INTERVAL = 0.2  # seconds between two looks at the load
_BUSY, _QUIET = 0.2, 0.08  # seconds in a second for which threads that could run waited for a core
_QUIET_LOOKS = 5  # quiet looks in a row after which threads spin again
_LINGER = 25  # looks for which the monitor outlives its last user, so that short uses in a row share one


def set_waiting_policy() -> None:
    """Set how the threads of OpenMP wait where :func:`threads_give_way` cannot change it later, unless a user has.

    OpenMP reads the environment when torch is imported, so this must be called before; later it does nothing.
    """
    if "torch" not in sys.modules:
        os.environ.update(waiting_policy())


def waiting_policy() -> dict[str, str]:
    """Return environment variables by which threads of OpenMP sleep; none where the user has decided how they wait.

    On Linux it is one that GCC's OpenMP, with which torch is built there, does not read.
    """
    if _user_has_decided():
        return {}
    return {"KMP_BLOCKTIME": "0"} if sys.platform == "linux" else {"OMP_WAIT_POLICY": "passive"}


@contextmanager
def threads_give_way() -> Iterator[None]:
    """Let the threads of GCC's OpenMP sleep while they wait, inside the context and while other programs are busy.

    They spin as usual while the machine has a core for each. The load is looked at five times a second, for five
    seconds longer than the context lasts. Where Linux does not tell it they always sleep. Elsewhere than on Linux, and
    where a user's environment has decided how threads wait, it does nothing.
    """
    if sys.platform != "linux" or _user_has_decided():
        yield
        return
    _MONITOR.enter()
    try:
        yield
    finally:
        _MONITOR.leave()


class LoadMonitor:
    """A thread that makes the threads of OpenMP sleep or spin by what ``delays`` tells, while it has users.

    ``delays`` returns the seconds for which each thread of this process has waited for a core so far, by a name of the
    thread; none where the system does not tell. ``sleeping`` is a context in which threads sleep.
    """

    def __init__(self, delays: Callable[[], dict[str, float]], sleeping: Callable[[], "Sleeping"]) -> None:
        self._delays, self._sleeping = delays, sleeping
        self._lock, self._users = threading.Lock(), 0
        self._thread: threading.Thread | None = None

    def enter(self) -> None:
        """Add a user; the first starts the thread."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="maskwright-load", daemon=True)
                self._thread.start()

    def leave(self) -> None:
        """Remove a user; without one, the thread soon ends."""
        with self._lock:
            self._users -= 1

    def _watch(self) -> None:
        sleeping, quiet, unused = None, 0, 0
        before, then = self._delays(), time.monotonic()
        while not self._ends(unused):
            time.sleep(_INTERVAL)
            unused = 0 if self._users else unused + 1
            after, now = self._delays(), time.monotonic()
            share = waiting_share(before, after, now - then)
            before, then = after, now
            quiet = quiet + 1 if share < _QUIET else 0
            if sleeping is None and share > _BUSY:
                sleeping = self._sleeping()
            elif sleeping is not None and quiet >= _QUIET_LOOKS:
                sleeping.end()
                sleeping = None
        if sleeping is not None:
            sleeping.end()

    def _ends(self, unused: int) -> bool:
        with self._lock:
            if unused < _LINGER or self._users:
                return False
            self._thread = None
            return True


def waiting_share(before: dict[str, float], after: dict[str, float], seconds: float) -> float:
    """Return the seconds in a second for which threads that could run waited for a core, infinite where not known.

    ``before`` and ``after`` are the seconds that each thread had waited; threads that began or ended do not count.
    """
    if not after:
        return float("inf")
    return sum(waited - before[name] for name, waited in after.items() if name in before) / seconds


def waited_for_a_core() -> dict[str, float]:
    """Return the seconds for which each thread of this process has waited for a core, by its number; Linux only."""
    found = {}
    for file in Path("/proc/self/task").glob("*/schedstat"):
        try:
            _, nanoseconds, _ = file.read_text().split()
        except (OSError, ValueError):  # the thread has ended, or the system counts nothing
            continue
        found[file.parent.name] = int(nanoseconds) * 1e-9
    return found


class Sleeping:
    """The threads of GCC's OpenMP sleep while they wait, from the making of this object until :meth:`end`.

    GCC's OpenMP lets threads spin for 3 ms, and for about a microsecond only while it manages more threads than the
    machine has cores (libgomp's manual, GOMP_SPINCOUNT). So a thread starts a team of that size, which does nothing.
    Libraries that do not have GCC's functions go on as they are.
    """

    def __init__(self, libraries: Sequence[Path] | None = None) -> None:
        """Start the teams, of all ``libraries``; None stands for those that this process has loaded."""
        self._ended, self._begun = threading.Event(), threading.Event()
        self._libraries = loaded_openmp() if libraries is None else libraries
        self._thread = threading.Thread(target=self._hold, name="maskwright-sleeping", daemon=True)
        self._thread.start()
        self._begun.wait()

    def end(self) -> None:
        """Let threads spin again."""
        self._ended.set()
        self._thread.join()  # its teams end with it

    def _hold(self) -> None:
        nothing = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)  # takes a number of a pointer's size
        for library in self._libraries:
            with suppress(OSError, AttributeError):  # another library of this name, or one that cannot be opened again
                openmp = ctypes.CDLL(str(library))
                openmp.GOMP_parallel(nothing, None, ctypes.c_uint(openmp.omp_get_num_procs() + 1), ctypes.c_uint(0))
        self._begun.set()
        self._ended.wait()


def loaded_openmp() -> list[Path]:
    """Return the files of GCC's OpenMP that this process has loaded; Linux only."""
    lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    files = {Path(line.split(maxsplit=5)[5]) for line in lines if "libgomp" in line}
    return sorted(file for file in files if file.name.startswith("libgomp"))


def _user_has_decided() -> bool:
    # What this process has set itself is no decision of the user.
    own = {"KMP_BLOCKTIME": "0"} if sys.platform == "linux" else {}
    return any(name in os.environ and os.environ[name] != own.get(name) for name in _DECISIONS)


_MONITOR = LoadMonitor(waited_for_a_core, Sleeping)
