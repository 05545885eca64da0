"""Distributed training: launch one process a device through torchrun's agent.

The main process also does the stages before the training and writes all files; the others wait for it. When one
process dies, the agent ends the others.
"""

import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from enum import IntEnum
from logging import NullHandler, getLogger
from pathlib import Path
from typing import Any

from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.pool import cores
from maskwright.parallel.torchrun import MEETING_FILE
from maskwright.parallel.waiting_threads import waiting_policy
from maskwright.training.interruption import Interrupted

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT) if sys.platform != "win32" else ()


WORKER = "maskwright.runs.worker"


@dataclass(frozen=True)
class TrainingJob:
    """The job of each process: the recipe as YAML, the run folder, and the options ``resume`` and ``quiet``."""

    recipe: str
    out: str
    resume: bool
    quiet: bool


def launch(job: TrainingJob, devices: int, nodes: int = 1) -> None:
    """Run ``job`` in ``devices`` processes on each of ``nodes`` machines and wait until it is done.

    With several machines the same call is made on each. ``NODE_RANK`` (from 0) in the environment is the number of the
    machine; ``MASTER_ADDR`` and ``MASTER_PORT`` are the address of the first.

    Raises ``MaskwrightError`` with the message of the first process that failed or with how it died,
    :class:`Interrupted` after a signal, and ``UsageError`` when one of these variables is missing.
    """
    with (
        tempfile.TemporaryDirectory(prefix="maskwright-") as reports,
        _environment(devices, nodes, Path(reports) / "processes"),
        _signals(),
        _own_name() if nodes == 1 else nullcontext(),
    ):
        where = _several_machines(nodes) if nodes > 1 else _one_machine(Path(reports) / "agent")
        started = [f"--nproc-per-node={devices}", "--max-restarts=0", f"--log-dir={reports}"]
        try:
            torchrun.main([*where, *started, "-m", WORKER, json.dumps(asdict(job))])
        except ChildFailedError as error:
            raise _root_cause(error, devices * nodes) from error
        except SignalException as error:
            stopped = Interrupted("The training was asked to stop. Go on with --resume.", int(error.sigval))
            raise stopped.try_next(added=["--resume"]) from error


def _root_cause(error: ChildFailedError, processes: int) -> MaskwrightError:
    """Return the error to show: of several failures the one that caused the others.

    When one process dies, the others fail on the broken connection, often in the same second.
    """
    rank, failure = min(error.failures.items(), key=lambda item: _cause(item[1]))
    said, kind = failure.error_file_data, _cause(failure)
    if kind is _Cause.STOPPED:
        return Interrupted(said["message"], said["exit_code"] - 128).try_next(added=["--resume"])
    if kind is _Cause.SAID:
        return (UsageError if said["exit_code"] == UsageError.exit_code else MaskwrightError)(*said["lines"])
    if kind is _Cause.KILLED:
        return MaskwrightError(
            f"Process {rank} of {processes} was killed ({failure.signal_name()}); expected it to run until the "
            "end. Most likely memory ran out: lower train.batch_size or train.workers, then go on with --resume."
        )
    return MaskwrightError(
        f"Process {rank} of {processes} failed (exit code {failure.exitcode}); expected it to run until the end.",
        *str(said.get("message", "")).split("\n"),
    )


class _Cause(IntEnum):
    """The cause of a failure, the most informative first."""

    SAID = 0
    KILLED = 1
    STOPPED = 2
    SURPRISED = 3


def _cause(failure: ProcessFailure) -> _Cause:
    said = failure.error_file_data
    if said.get("expected"):
        return _Cause.STOPPED if said["exit_code"] > 128 else _Cause.SAID
    # The agent ends the other processes by SIGTERM.
    return _Cause.KILLED if failure.exitcode < 0 and failure.exitcode != -signal.SIGTERM else _Cause.SURPRISED


def _one_machine(file: Path) -> list[str]:
    """Return the options by which the agent waits for its processes through ``file``.

    By default it waits at a port, where torch asks a name server what 127.0.0.1 is called.
    """
    by_file = ["--rdzv-backend=c10d", f"--rdzv-endpoint={file}", "--rdzv-conf=store_type=file"]
    return ["--nnodes=1", *by_file, "--local-addr=127.0.0.1"]


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
def _environment(devices: int, nodes: int, meeting: Path) -> Iterator[None]:
    """Divide the cores among the processes, keep the traffic of one machine on it, and silence the agent.

    The processes of one machine find each other through the file ``meeting``.
    """
    before: dict[str, Any] = dict(os.environ)
    os.environ.update(waiting_policy())  # this process may have imported torch before; its children have not
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // devices)))
    if nodes == 1:
        os.environ[MEETING_FILE] = str(meeting)
        os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or the agent opens a port all the same
        if sys.platform == "linux":
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    logger = getLogger("torch.distributed")
    handlers, propagate = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [NullHandler()], False  # torch installs a handler of its own
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _own_name() -> Iterator[None]:
    """Answer what this machine is called without a question to a name server, which the agent's log would ask."""
    asking = socket.getfqdn
    socket.getfqdn = lambda name="": name or socket.gethostname()
    try:
        yield
    finally:
        socket.getfqdn = asking


@contextmanager
def _signals() -> Iterator[None]:
    """Restore the signal handlers that the agent replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
