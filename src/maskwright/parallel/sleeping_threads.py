"""The threads of OpenMP, which torch computes with, sleep while they wait for each other."""

import os
import sys

# By whichever of these a user has decided how threads wait, the decision stands. GCC's OpenMP has the second, and that
# of LLVM and Intel, on macOS and Windows, the third.
_DECISIONS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def let_threads_sleep() -> None:
    """Make the threads of OpenMP sleep while they wait, in this process and in those that it starts.

    By default they wait in a busy loop. Beside one other busy process on a machine of two cores, the thread that waits
    then takes the core from the thread that works, and a training step takes four to twelve times as long
    (``benchmarks/neighbour.py``). Results do not depend on it.

    OpenMP reads the environment when torch is imported, so this must be called before; later it does nothing.
    """
    if "torch" not in sys.modules:
        os.environ.update(waiting_policy())


def waiting_policy() -> dict[str, str]:
    """Return the environment variables by which threads sleep; none where the user has decided how they wait."""
    return {} if any(name in os.environ for name in _DECISIONS) else {"OMP_WAIT_POLICY": "passive"}
