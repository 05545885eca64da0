"""The processes that train one model together, one for each device, and what they tell each other.

Every method but :meth:`ProcessGroup.shard` waits for all processes, so all must call it, in the same order.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric

Item = TypeVar("Item")
Value = TypeVar("Value")


class ProcessGroup:
    """``count`` processes, of which this one has the ``number`` (from 0); the first writes all files and lines."""

    def __init__(self, fabric: Fabric | None = None) -> None:
        """Those of ``fabric``, or this process alone."""
        self.device = torch.device("cpu") if fabric is None else fabric.device
        self.world_size = 1 if fabric is None else fabric.world_size
        self.rank = 0 if fabric is None else fabric.global_rank

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def shard(self, items: Sequence[Item]) -> Sequence[Item]:
        """The part of ``items`` that is this process's: each item is in the part of one."""
        return items[self.rank :: self.world_size]

    def gather(self, value: Value) -> list[Value]:
        """The ``value`` of each process; empty in all but the first."""
        if self.world_size == 1:
            return [value]
        values: list[Any] | None = [None] * self.world_size if self.is_main else None
        torch.distributed.gather_object(value, values)
        return values or []

    def broadcast(self, value: Value) -> Value:
        """The first process's ``value``."""
        if self.world_size == 1:
            return value
        values = [value]
        torch.distributed.broadcast_object_list(values)
        return values[0]

    def all_reduce(self, values: torch.Tensor, wishes: Sequence[bool]) -> tuple[list[float], list[bool]]:
        """The mean of each of ``values`` ``(N,)`` over the processes, and for each wish whether any process has it."""
        if self.world_size == 1:
            return values.tolist(), list(wishes)
        told = torch.cat([values, values.new_tensor([float(wish) for wish in wishes])])
        numbers = (self._sum(told) / self.world_size).tolist()
        return numbers[: len(values)], [number > 0 for number in numbers[len(values) :]]

    def all_reduce_sum(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The sum of ``counts`` over the processes, element by element."""
        if self.world_size == 1:
            return counts
        return self._sum(torch.from_numpy(counts).to(self.device)).cpu().numpy()

    def broadcast_tensors(self, tensors: Sequence[torch.Tensor]) -> None:
        """Fill ``tensors`` with the first process's."""
        if self.world_size > 1:
            for tensor in tensors:
                torch.distributed.broadcast(tensor, 0)

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        torch.distributed.all_reduce(values)
        return values
