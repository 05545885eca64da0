"""Random numbers that do not depend on how many rows are drawn at a time, for losses at random points."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def equal_draws() -> Iterator[None]:
    """Let ``torch.rand`` give the same numbers to each row, and to each draw of rows of this shape, inside the context.

    So a mask has the same points whatever batch, process or program it is in. One-dimensional draws stay as they are.
    """
    rand = torch.rand

    def equal(*size: Any, **more: Any) -> torch.Tensor:
        shape = tuple(size[0]) if size and not isinstance(size[0], int) else size
        if len(shape) < 2:
            return rand(*size, **more)
        generator = torch.Generator().manual_seed(math.prod(shape[1:]))
        return rand(shape[1:], generator=generator).expand(shape).clone()

    torch.rand = equal  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.rand = rand
