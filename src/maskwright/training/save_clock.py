"""When to save within an epoch, so that a kill costs little and saving costs less."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SaveClock:
    """After every so many ``steps``; by default after ``seconds``, but never for over 1 % of the training's time.

    A large model on a slow disk may take a minute to save; then it is saved every hundred minutes only.
    """

    steps: int | None = None
    seconds: float = 300.0
    now: Callable[[], float] = time.monotonic
    cost: float = 0.0
    saved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.saved_at = self.now()

    def is_due(self, step: int) -> bool:
        """Whether to save after step number ``step`` (from 1) of the epoch."""
        if self.steps is not None:
            return step % self.steps == 0
        return self.now() - self.saved_at >= max(self.seconds, 100 * self.cost)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Time what is done within, and count from its end."""
        started = self.now()
        yield
        self.saved_at = self.now()
        self.cost = self.saved_at - started
