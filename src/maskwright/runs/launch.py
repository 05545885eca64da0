"""Training on several devices: one process for each, started and watched by torchrun's agent.

The first process does the stages before the training, too, and writes everything; the others wait for it and train
with it. A process that dies ends the others.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from logging import NullHandler, getLogger
from typing import Any

from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.pool import cores
from maskwright.training.interruption import Interrupted

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT) if sys.platform != "win32" else ()


WORKER = "maskwright.runs.worker"


@dataclass(frozen=True)
class TrainingJob:
    """A training as it is handed to each process: the text of its recipe, its run folder, and how it is done."""

    recipe: str
    out: str
    resume: bool
    quiet: bool


def launch(job: TrainingJob, devices: int, nodes: int = 1) -> None:
    """Do ``job`` in ``devices`` processes on this machine, and as many on each of ``nodes``; wait until it is done.

    With several machines, the same call is made on each, and ``NODE_RANK`` (from 0), ``MASTER_ADDR`` and
    ``MASTER_PORT`` in the environment say which this is and where the first one is reached.

    Raises ``MaskwrightError`` with what the first failing process said or how it died, :class:`Interrupted` when a
    signal came; ``UsageError`` when the environment lacks what several machines need.
    """
    with tempfile.TemporaryDirectory(prefix="maskwright-") as reports, _environment(devices, nodes), _signals():
        where = _several_machines(nodes) if nodes > 1 else ["--standalone"]
        started = [f"--nproc-per-node={devices}", "--max-restarts=0", f"--log-dir={reports}"]
        try:
            torchrun.main([*where, *started, "-m", WORKER, json.dumps(asdict(job))])
        except ChildFailedError as error:
            raise _root_cause(error, devices * nodes) from error
        except SignalException as error:
            raise Interrupted("The training was asked to stop. Go on with --resume.", int(error.sigval)) from error


def _root_cause(error: ChildFailedError, processes: int) -> MaskwrightError:
    """The error to show: of several failures the one that explains the others.

    When one process dies, the others fail on the broken connection, often within the same second.
    """
    rank, failure = min(error.failures.items(), key=lambda item: _cause(item[1]))
    said, kind = failure.error_file_data, _cause(failure)
    if kind is _Cause.STOPPED:
        return Interrupted(said["message"], said["exit_code"] - 128)
    if kind is _Cause.SAID:
        return (UsageError if said["exit_code"] == UsageError.exit_code else MaskwrightError)(said["message"])
    if kind is _Cause.KILLED:
        return MaskwrightError(
            f"Process {rank} of {processes} was killed ({failure.signal_name()}); expected it to live as long as the "
            "training. Most likely memory ran out: lower train.batch_size or train.workers, then go on with --resume."
        )
    return MaskwrightError(
        f"Process {rank} of {processes} failed (exit code {failure.exitcode}); expected it to train to the end.\n"
        f"{said.get('message', '')}"
    )


class _Cause(IntEnum):
    """What a process failed of, the more telling first."""

    SAID = 0
    KILLED = 1
    STOPPED = 2
    SURPRISED = 3


def _cause(failure: ProcessFailure) -> _Cause:
    said = failure.error_file_data
    if said.get("expected"):
        return _Cause.STOPPED if said["exit_code"] > 128 else _Cause.SAID
    # The agent itself ends the others by SIGTERM.
    return _Cause.KILLED if failure.exitcode < 0 and failure.exitcode != -signal.SIGTERM else _Cause.SURPRISED


def _several_machines(nodes: int) -> list[str]:
    missing = [name for name in ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(
            f"--nodes {nodes}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in the environment; "
            "expected the number of this machine (from 0) and the address and a free port of the first. Set them and "
            "start the same command on every machine."
        )
    address, port, number = (os.environ[name] for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK"))
    return [f"--nnodes={nodes}", f"--node-rank={number}", f"--master-addr={address}", f"--master-port={port}"]


@contextmanager
def _environment(devices: int, nodes: int) -> Iterator[None]:
    """Share the cores out among the processes, let one machine talk to itself only, and keep the agent quiet."""
    before: dict[str, Any] = dict(os.environ)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // devices)))
    if nodes == 1 and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    logger = getLogger("torch.distributed")
    handlers, propagate = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [NullHandler()], False  # torch has put one of its own there
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _signals() -> Iterator[None]:
    """Take back the signals that the agent listens to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
