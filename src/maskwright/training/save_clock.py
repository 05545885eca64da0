"""The decision when to save within an epoch: often enough that a kill costs little, seldom enough that saving does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SaveClock:
    """Asks for a save after every so many ``steps``, or by default ``seconds`` after the last save.

    By default saving takes at most 1 % of the training's time: the next save waits for 100 times the ``cost``, the
    seconds of the last one. A large model that takes a minute to save is then saved every 100 minutes. ``now`` gives
    the time in seconds; tests replace it.
    """

    steps: int | None = None
    seconds: float = 300.0
    now: Callable[[], float] = time.monotonic
    cost: float = 0.0
    saved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.saved_at = self.now()

    def is_due(self, step: int) -> bool:
        """Return whether to save after step number ``step`` (from 1) of the epoch."""
        if self.steps is not None:
            return step % self.steps == 0
        return self.now() - self.saved_at >= max(self.seconds, 100 * self.cost)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Measure the time of a save, which is the work inside the context, and restart the clock at its end."""
        started = self.now()
        yield
        self.saved_at = self.now()
        self.cost = self.saved_at - started
