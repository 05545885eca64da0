"""Imported by the server of the loading processes, which in the drills outlives the trainings that it serves.

A training that is killed while it asks for a process (it connects, then it sends what the process shall be) ends the
server of Python 3.11 with an EOFError. A training's own server is of no more use then; this one is shared with the
trainings to come.
"""

import errno
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any

_received: Callable[..., Any] = reduction.recvfds


def _recvfds(*arguments: Any) -> Any:
    try:
        return _received(*arguments)
    except (EOFError, ConnectionResetError) as error:
        raise ConnectionAbortedError(errno.ECONNABORTED, "killed while it asked") from error  # passed over


reduction.recvfds = _recvfds
