"""The process group that trains one model, one process for each device, and its collective operations.

Every method but :meth:`ProcessGroup.shard` is collective: it waits for all processes, so all must call it, in the same
order. With one process each returns at once.
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
    """``world_size`` processes, of which this one is number ``rank`` (from 0); rank 0 writes all files and messages."""

    def __init__(self, fabric: Fabric | None = None) -> None:
        """Take the processes of ``fabric``, or without it this process alone on the CPU."""
        self.device = torch.device("cpu") if fabric is None else fabric.device
        self.world_size = 1 if fabric is None else fabric.world_size
        self.rank = 0 if fabric is None else fabric.global_rank

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, the process that writes."""
        return self.rank == 0

    def shard(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return every ``world_size``-th of ``items`` from ``rank`` on: each item belongs to exactly one process."""
        return items[self.rank :: self.world_size]

    def gather(self, value: Value) -> list[Value]:
        """Return the ``value`` of each process in rank 0, and an empty list in the others."""
        if self.world_size == 1:
            return [value]
        values: list[Any] | None = [None] * self.world_size if self.is_main else None
        torch.distributed.gather_object(value, values)
        return values or []

    def broadcast(self, value: Value) -> Value:
        """Return the ``value`` of rank 0 in every process."""
        if self.world_size == 1:
            return value
        values = [value]
        torch.distributed.broadcast_object_list(values)
        return values[0]

    def all_reduce(self, values: torch.Tensor, wishes: Sequence[bool]) -> tuple[list[float], list[bool]]:
        """Return the mean of ``values`` ``(N,)`` over the processes, and for each wish whether any process has it.

        Several processes exchange both in one message, because each exchange waits for the device.
        """
        if self.world_size == 1:
            return values.tolist(), list(wishes)
        packed = torch.cat([values, values.new_tensor([float(wish) for wish in wishes])])
        numbers = (self._sum(packed) / self.world_size).tolist()
        return numbers[: len(values)], [number > 0 for number in numbers[len(values) :]]

    def all_reduce_sum(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the element-wise sum of ``counts`` over the processes."""
        if self.world_size == 1:
            return counts
        return self._sum(torch.from_numpy(counts).to(self.device)).cpu().numpy()

    def broadcast_tensors(self, tensors: Sequence[torch.Tensor]) -> None:
        """Overwrite ``tensors`` in place with those of rank 0."""
        if self.world_size > 1:
            for tensor in tensors:
                torch.distributed.broadcast(tensor, 0)

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        torch.distributed.all_reduce(values)
        return values
