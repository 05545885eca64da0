"""One training step: the losses of a batch, its gradients and, where its group is complete, the optimiser step."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from maskwright.errors import MaskwrightError
from maskwright.training.state import Training


@dataclass(frozen=True)
class StepResult:
    """The losses of a batch, averaged over all processes, and whether any process asks to ``stop`` or ``save``."""

    losses: dict[str, float]
    stop: bool
    save: bool


def training_step(training: Training, batch: Any, epoch: int, number: int) -> StepResult:
    """Compute the gradients of batch ``number`` (from 0) of ``epoch``, and step the optimiser if its group is complete.

    Raises ``MaskwrightError`` when the summed loss is not finite. The weights have not changed then.
    """
    stepping = ends_group(training, number)
    # Several devices exchange gradients in the last backward of a group only.
    with training.fabric.no_backward_sync(training.model, enabled=not stepping):  # type: ignore[arg-type]
        losses = training.losses(training.model, batch)
        total = torch.stack(list(losses.values())).sum()
        step_result = _all_reduce(training, {"loss": total, **losses}, steps_until(training, number + 1))
        if not math.isfinite(step_result.losses["loss"]):
            raise MaskwrightError(
                f"The loss became {step_result.losses['loss']} in epoch {epoch}, batch {number + 1} "
                f"({step_result.losses}); expected a finite number. "
                "Lower train.optimizer.lr, set train.clip_norm, or use train.precision=32-true."
            )
        training.fabric.backward(total / _group_size(training, number) if training.accumulate > 1 else total)
    if stepping:
        _step(training)
    return step_result


def ends_group(training: Training, number: int) -> bool:
    """Return whether batch ``number`` (from 0) is the last of a group whose gradients make one step."""
    return (number + 1) % training.accumulate == 0 or number + 1 == training.batches_per_epoch


def steps_until(training: Training, batches: int) -> int:
    """Return the number of optimiser steps that the first ``batches`` batches of an epoch make."""
    return -(-batches // training.accumulate)


def _all_reduce(training: Training, losses: dict[str, torch.Tensor], steps: int) -> StepResult:
    """Return the losses averaged over the processes, and whether any process asks to stop or to save.

    It is one message, and the only time in a batch that the program waits for the device.
    """
    wishes = [training.stop(), training.processes.is_main and training.clock.is_due(steps)]
    values = torch.stack([value.detach() for value in losses.values()])
    numbers, (stop, save) = training.processes.all_reduce(values, wishes)
    return StepResult(dict(zip(losses, numbers, strict=True)), stop, save)


def _step(training: Training) -> None:
    if training.clip_norm is not None:
        training.fabric.clip_gradients(training.model, training.optimizer, max_norm=training.clip_norm)
    training.optimizer.step()
    training.optimizer.zero_grad(set_to_none=True)
    training.schedule.step()
    if training.average is not None:
        training.average.update(training.model)


def _group_size(training: Training, number: int) -> int:
    """Return how many batches the group of batch ``number`` has: fewer than ``accumulate`` at an epoch's end."""
    first = number - number % training.accumulate
    return min(training.accumulate, training.batches_per_epoch - first)
