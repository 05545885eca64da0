"""The processes that train one model together, one for each device, and what they tell each other.

Every method but :meth:`Processes.share` waits for all processes, so all must call it, in the same order.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric

Item = TypeVar("Item")
Value = TypeVar("Value")


class Processes:
    """``count`` processes, of which this one has the ``number`` (from 0); the first writes all files and lines."""

    def __init__(self, fabric: Fabric | None = None) -> None:
        """Those of ``fabric``, or this process alone."""
        self.device = torch.device("cpu") if fabric is None else fabric.device
        self.count = 1 if fabric is None else fabric.world_size
        self.number = 0 if fabric is None else fabric.global_rank

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.number == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """The part of ``items`` that is this process's: each item is in the part of one."""
        return items[self.number :: self.count]

    def gathered(self, value: Value) -> list[Value]:
        """The ``value`` of each process; empty in all but the first."""
        if self.count == 1:
            return [value]
        values: list[Any] | None = [None] * self.count if self.first else None
        torch.distributed.gather_object(value, values)
        return values or []

    def from_first(self, value: Value) -> Value:
        """The first process's ``value``."""
        if self.count == 1:
            return value
        values = [value]
        torch.distributed.broadcast_object_list(values)
        return values[0]

    def agreed(self, values: torch.Tensor, wishes: Sequence[bool]) -> tuple[list[float], list[bool]]:
        """The mean of each of ``values`` ``(N,)`` over the processes, and for each wish whether any process has it."""
        if self.count == 1:
            return values.tolist(), list(wishes)
        told = torch.cat([values, values.new_tensor([float(wish) for wish in wishes])])
        numbers = (self._sum(told) / self.count).tolist()
        return numbers[: len(values)], [number > 0 for number in numbers[len(values) :]]

    def total(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The sum of ``counts`` over the processes, element by element."""
        if self.count == 1:
            return counts
        return self._sum(torch.from_numpy(counts).to(self.device)).cpu().numpy()

    def copy_from_first(self, tensors: Sequence[torch.Tensor]) -> None:
        """Fill ``tensors`` with the first process's."""
        if self.count > 1:
            for tensor in tensors:
                torch.distributed.broadcast(tensor, 0)

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        torch.distributed.all_reduce(values)
        return values
