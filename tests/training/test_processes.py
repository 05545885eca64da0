"""Collective operations: without exchange in one process, and with real processes in two.

Two real processes talk through gloo, as on CPUs; each is this file, run as a program.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from lightning_fabric import Fabric

from maskwright.training.processes import ProcessGroup


class Told:
    """Stands for the fabric of process ``global_rank`` of ``world_size``."""

    device = torch.device("cpu")

    def __init__(self, global_rank: int, world_size: int) -> None:
        self.global_rank, self.world_size = global_rank, world_size


def processes_of(number: int, count: int) -> ProcessGroup:
    return ProcessGroup(cast(Fabric, Told(number, count)))


@given(items=st.integers(0, 40), count=st.integers(1, 9))
def test_each_item_is_in_the_share_of_one_process_and_shares_differ_by_one_at_most(items: int, count: int) -> None:
    shares = [processes_of(number, count).shard(range(items)) for number in range(count)]
    assert sorted(item for share in shares for item in share) == list(range(items))
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True), "the first processes have the rest"


def test_one_process_has_everything_and_waits_for_nobody() -> None:
    alone = ProcessGroup()
    assert alone.is_main
    assert list(alone.shard("abc")) == ["a", "b", "c"]
    assert alone.gather("mine") == ["mine"]
    assert alone.broadcast("mine") == "mine"
    assert alone.all_reduce(torch.tensor([0.5, 2.0]), [True, False]) == ([0.5, 2.0], [True, False])
    counts = np.arange(4).reshape(2, 2)
    assert np.array_equal(alone.all_reduce_sum(counts), counts)


def test_two_processes_know_together_what_each_was_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.test_processes", str(tmp_path / "store")]
    running = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        for number in range(2)
    ]
    # Before the last line some versions of gloo say who is connected.
    first, second = (json.loads(each.communicate(timeout=300)[0].splitlines()[-1]) for each in running)
    assert first["gathered"] == ["of 0", "of 1"]
    assert second["gathered"] == []
    for each in (first, second):
        assert each["from first"] == "of 0"
        # The mean of (1, 10) and (2, 30); the first alone wishes the one, the second alone the other, nobody the last.
        assert each["agreed"] == [[1.5, 20.0], [True, True, False]]
        assert each["total"] == [[11, 22], [33, 2**62]]
        assert each["copied"] == [[0.0, 0.0], 7]


def _report(store: str, number: int) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=number, world_size=2)
    processes = processes_of(number, 2)
    tensors = [torch.full((2,), float(number)), torch.tensor(7 - number)]
    processes.broadcast_tensors(tensors)
    values = torch.tensor([[1.0, 10.0], [2.0, 30.0]][number])
    # The last is more than a float can count one by one.
    counts = np.array([[[1, 2], [3, 2**61 + 1]], [[10, 20], [30, 2**61 - 1]]][number], np.int64)
    said = {
        "gathered": processes.gather(f"of {number}"),
        "from first": processes.broadcast(f"of {number}"),
        "agreed": processes.all_reduce(values, [number == 0, number == 1, False]),
        "total": processes.all_reduce_sum(counts).tolist(),
        "copied": [tensor.tolist() for tensor in tensors],
    }
    print(json.dumps(said))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    _report(sys.argv[1], int(sys.argv[2]))
