"""Which of several failures is shown, what torchrun is told, and that nothing of it stays behind.

Trainings of two processes are in ``tests/drills/test_together.py``.
"""

import json
import os
import signal
import socket
from logging import StreamHandler, getLogger
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.torchrun import MEETING_FILE, node_rank
from maskwright.parallel.waiting_threads import waiting_policy
from maskwright.runs import launch as distributed
from maskwright.runs.launch import TrainingJob, launch
from maskwright.training.interruption import Interrupted

JOB = TrainingJob("name: demo-semantic", "run", False, True)


def failure(folder: Path, rank: int, ended: int, said: dict[str, object]) -> ProcessFailure:
    """What the agent knows of a process that ``ended`` with this exit code, after it had ``said`` this or nothing."""
    file = folder / f"{rank}.json"
    if said:
        file.write_text(json.dumps({"timestamp": 1700000000, **said}))
    return ProcessFailure(rank, 100 + rank, ended, str(file))


def saying(*lines: str, code: int | None) -> dict[str, object]:
    """What a worker writes of an error with this exit code, or of one that it did not expect."""
    return {"message": "\n".join(lines), "lines": lines, "expected": code is not None, "exit_code": code}


SAID = saying("image.jpg: cannot be read.", code=1)
WRONG = saying("train.lr: no such key.", code=2)
STOPPED = saying("was asked to stop and has saved", code=130)
BROKEN = saying("Traceback: RuntimeError: Connection closed by peer", code=None)


@pytest.mark.parametrize(
    ("first", "second", "shown", "code"),
    [
        # The other fails of the broken connection, before or after; or the agent has ended it (-15).
        ((1, BROKEN), (1, SAID), "image.jpg: cannot be read.", 1),
        ((2, WRONG), (-15, {}), "train.lr: no such key.", 2),
        ((1, BROKEN), (-9, {}), "Process 1 of 2 was killed (SIGKILL)", 1),
        ((-7, {}), (1, BROKEN), "Process 0 of 2 was killed (SIGBUS)", 1),
        ((130, STOPPED), (-15, {}), "was asked to stop and has saved", 130),
        ((130, STOPPED), (-9, {}), "Process 1 of 2 was killed (SIGKILL)", 1),
        ((-15, {}), (1, BROKEN), "Process 0 of 2 failed (exit code -15)", 1),
    ],
)
def test_of_several_failures_the_one_is_shown_that_explains_the_others(
    first: tuple[int, dict], second: tuple[int, dict], shown: str, code: int, tmp_path: Path
) -> None:
    failures = {rank: failure(tmp_path, rank, ended, said) for rank, (ended, said) in enumerate((first, second))}
    error = distributed._root_cause(ChildFailedError("train", failures), 2)
    assert str(error).startswith(shown)
    assert error.exit_code == code
    assert isinstance(error, {130: Interrupted, 2: UsageError}.get(code, MaskwrightError))


def test_the_lines_of_an_error_stay_those_that_the_process_said(tmp_path: Path) -> None:
    lines = ("labels.json: 2 faults:", "class 'cat\nerror: none'")
    said = {0: failure(tmp_path, 0, 1, saying(*lines, code=1))}
    assert distributed._root_cause(ChildFailedError("train", said), 2).lines == lines


def test_an_unexpected_failure_shows_what_python_said(tmp_path: Path) -> None:
    error = distributed._root_cause(ChildFailedError("train", {0: failure(tmp_path, 0, 1, BROKEN)}), 2)
    assert "Process 0 of 2 failed (exit code 1)" in str(error)
    assert "Connection closed by peer" in str(error)


@pytest.fixture
def torchrun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that torchrun was called with, and the environment it was called in, instead of calling it."""
    calls: list[list[str]] = []
    monkeypatch.setattr(distributed.torchrun, "main", calls.append)
    return calls


def test_on_one_machine_the_processes_are_started_by_a_rendezvous_of_its_own(torchrun: list[list[str]]) -> None:
    launch(JOB, devices=3)
    (arguments,) = torchrun
    assert "--nproc-per-node=3" in arguments
    assert arguments[-3:-1] == ["-m", "maskwright.runs.worker"]
    assert TrainingJob(**json.loads(arguments[-1])) == JOB


def test_on_one_machine_nobody_is_asked_for_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent looked up the machine's whole name for its log, of which a server of names was told."""
    named: list[str] = []
    monkeypatch.setattr(
        distributed.torchrun, "main", lambda _: named.extend([socket.getfqdn(), socket.getfqdn("other")])
    )
    asking = socket.getfqdn
    launch(JOB, devices=2)
    assert named == [socket.gethostname(), "other"]
    assert socket.getfqdn is asking


def test_on_one_machine_the_processes_meet_in_a_file_that_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A port makes torch ask a server of names what 127.0.0.1 is called."""
    seen: dict[str, str] = {}

    def started(arguments: list[str]) -> None:
        seen["options"], seen["file"] = " ".join(arguments), os.environ[MEETING_FILE]
        assert Path(seen["file"]).parent.is_dir()

    monkeypatch.setattr(distributed.torchrun, "main", started)
    launch(JOB, devices=2)
    assert "--rdzv-conf=store_type=file" in seen["options"]
    assert not Path(seen["file"]).parent.exists()
    assert MEETING_FILE not in os.environ


def test_on_several_machines_each_is_told_its_number_and_the_first_ones_address(
    torchrun: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"NODE_RANK": "1", "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "29500"}.items():
        monkeypatch.setenv(key, value)
    launch(JOB, devices=2, nodes=3)
    assert torchrun[0][:4] == ["--nnodes=3", "--node-rank=1", "--master-addr=10.0.0.7", "--master-port=29500"]
    assert (node_rank(3), node_rank(1)) == (1, 0)
    assert not any(option.startswith("--rdzv") for option in torchrun[0])


def test_what_several_machines_need_and_lack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_RANK", raising=False)
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.setenv("MASTER_PORT", "29500")
    with pytest.raises(UsageError, match="--nodes 2: NODE_RANK and MASTER_ADDR are not in the environment"):
        launch(JOB, devices=1, nodes=2)


def test_a_signal_to_the_launching_process_is_its_exit_code_and_nothing_stays_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    before, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    seen = {}

    logger = getLogger("torch.distributed.elastic.agent")
    monkeypatch.setattr(getLogger("torch.distributed"), "handlers", [StreamHandler()])

    def interrupted(_: list[str]) -> None:
        seen.update(os.environ)
        logger.error("Received 15 death signal")
        os.environ["LEFT"] = "behind"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SignalException("asked", signal.SIGTERM)

    monkeypatch.setattr(distributed.torchrun, "main", interrupted)
    monkeypatch.setattr(distributed, "cores", lambda: 8)
    with pytest.raises(Interrupted, match="Go on with --resume") as caught:
        launch(JOB, devices=3)
    assert caught.value.exit_code == 143
    assert capsys.readouterr().err == "", "the agent's own words"
    logger.error("heard again")
    assert capsys.readouterr().err == "heard again\n"
    assert seen["OMP_NUM_THREADS"] == "2", "8 cores have 2 threads for each of 3 processes"
    assert seen.items() >= waiting_policy().items(), "each imports torch anew, whatever this one did"
    assert waiting_policy()
    assert dict(os.environ) == before
    assert signal.getsignal(signal.SIGTERM) == handler
