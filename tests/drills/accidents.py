"""What happens to a training at a chosen batch: called in its own process, instead of the command line alone."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maskwright.cli.main import main
from maskwright.runs import training as workflow
from maskwright.training import loop, step


def stopped_at_batch_four(arguments: Sequence[str]) -> int:
    """A training that gets SIGTERM while it computes its fourth batch."""
    return _at_batch(4, lambda: os.kill(os.getpid(), signal.SIGTERM), arguments)


def not_finite_at_batch_four(arguments: Sequence[str]) -> int:
    """A training whose loss is NaN in its fourth batch."""

    def spoil() -> None:
        keep = step._keep_unread
        step._keep_unread = lambda training, number, losses: keep(
            training, number, {name: value * float("nan") for name, value in losses.items()}
        )

    return _at_batch(4, spoil, arguments)


def image_cut_before_training(arguments: Sequence[str]) -> int:
    """A training on built-in data whose fourth image loses its end after the images were chosen."""
    train, run = workflow.fit, Path(arguments[arguments.index("--out") + 1])

    def cut_and_train(*parts: Any) -> Any:
        image = run / "data" / "train" / "images" / "000003.jpg"
        image.write_bytes(image.read_bytes()[:-200])
        return train(*parts)

    workflow.fit = cut_and_train
    return main(arguments)


def _at_batch(number: int, happens: Callable[[], object], arguments: Sequence[str]) -> int:
    learn, batches = loop.training_step, iter(range(1, 1_000_000))

    def learning(*parts: Any) -> step.StepResult:
        if next(batches) == number:
            happens()
        return learn(*parts)

    loop.training_step = learning
    return main(arguments)
