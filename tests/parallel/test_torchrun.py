"""What a process knows of the others from torchrun's environment."""

import pytest

from maskwright.parallel.torchrun import is_launched, is_main_process, is_rank_zero, node_rank
from tests.parallel.launched import LAUNCHED, launched


def test_a_process_alone_is_the_first_and_was_not_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in LAUNCHED:
        monkeypatch.delenv(key, raising=False)
    assert not is_launched()
    assert is_rank_zero()
    # A cluster's scheduler may set a rank for other reasons.
    monkeypatch.setenv("RANK", "1")
    assert is_rank_zero()


@pytest.mark.parametrize(("rank", "first"), [("0", True), ("1", False)])
def test_of_launched_processes_the_one_with_rank_0_is_the_first(
    rank: str, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched(monkeypatch, RANK=rank)
    assert is_launched()
    assert is_rank_zero() is first


def test_one_process_that_torchrun_started_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    launched(monkeypatch, WORLD_SIZE="1")
    assert not is_launched()


def test_of_several_machines_the_first_process_of_the_first_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    launched(monkeypatch)
    monkeypatch.setenv("NODE_RANK", "1")
    assert [node_rank(1), node_rank(2)] == [0, 1]
    assert [is_main_process(), is_main_process(2)] == [True, False]
    launched(monkeypatch, RANK="1")
    assert not is_main_process()
