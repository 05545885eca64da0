"""One training step: the losses of a batch, its gradients and, where its group is complete, the optimiser step.

The program waits for the device only where losses are read from it: once a batch, or once for ``read_every`` batches.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch

from maskwright.errors import MaskwrightError
from maskwright.training.state import Training, UnreadLosses


@dataclass(frozen=True)
class StepResult:
    """The losses that were read, averaged over all processes, and whether any process asks to ``stop`` or ``save``.

    ``losses`` are those of the batch, or the sums over the batches since the last reading; empty where none was due.
    """

    losses: dict[str, float]
    stop: bool = False
    save: bool = False


def training_step(training: Training, batch: Any, epoch: int, number: int) -> StepResult:
    """Compute the gradients of batch ``number`` (from 0) of ``epoch``, and step the optimiser if its group is complete.

    Raises ``MaskwrightError`` when the summed loss of a batch is not finite. The weights have not changed then where
    every batch is read.
    """
    stepping, each = ends_group(training, number), training.read_every == 1
    # Several devices exchange gradients in the last backward of a group only.
    with training.fabric.no_backward_sync(training.model, enabled=not stepping):  # type: ignore[arg-type]
        losses = training.losses(training.model, batch)
        total = torch.stack(list(losses.values())).sum()
        _keep_unread(training, number, {"loss": total, **losses})
        step_result = _read_losses(training, epoch, number) if each else StepResult({})
        training.fabric.backward(total / _group_size(training, number) if training.accumulate > 1 else total)
    if stepping:
        _step(training)
    if not each and _reading_is_due(training, number):
        return _read_losses(training, epoch, number)
    return step_result


def ends_group(training: Training, number: int) -> bool:
    """Return whether batch ``number`` (from 0) is the last of a group whose gradients make one step."""
    return (number + 1) % training.accumulate == 0 or number + 1 == training.batches_per_epoch


def steps_until(training: Training, batches: int) -> int:
    """Return the number of optimiser steps that the first ``batches`` batches of an epoch make."""
    return -(-batches // training.accumulate)


def _keep_unread(training: Training, number: int, losses: dict[str, torch.Tensor]) -> None:
    values = torch.stack([value.detach() for value in losses.values()])
    training.unread.append(UnreadLosses(number, tuple(losses), values))


def _reading_is_due(training: Training, number: int) -> bool:
    """Return whether to read losses after batch ``number``; every process answers alike.

    They are read at the end of a group of batches, where the state can be saved: after ``read_every`` batches, at the
    end of the epoch, and where a save or a stop is asked for. What only one of several processes knows has to wait
    for the next reading.
    """
    if not ends_group(training, number):
        return False
    if len(training.unread) >= training.read_every or number + 1 == training.batches_per_epoch:
        return True
    alone, clock = training.processes.world_size == 1, training.clock
    due = (alone or clock.steps is not None) and clock.is_due(steps_until(training, number + 1))
    return due or (alone and training.stop())


def _read_losses(training: Training, epoch: int, number: int) -> StepResult:
    """Return the unread losses up to batch ``number``, and whether any process asks to stop or to save.

    It is one message between processes, and the only time that the program waits for the device.

    Raises ``MaskwrightError`` for the first batch whose summed loss is not finite.
    """
    unread, training.unread = training.unread, []
    steps = steps_until(training, number + 1)
    wishes = [training.stop(), training.processes.is_main and training.clock.is_due(steps)]
    values = unread[0].values if len(unread) == 1 else torch.cat([batch.values for batch in unread])
    numbers, (stop, save) = training.processes.all_reduce(values, wishes)
    sums: dict[str, float] = {}
    for batch in unread:
        found = dict(zip(batch.names, numbers, strict=False))
        numbers = numbers[len(found) :]
        _require_finite_loss(found, epoch, batch.number)
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + value
    return StepResult(sums, stop, save)


def _require_finite_loss(losses: dict[str, float], epoch: int, number: int) -> None:
    if not math.isfinite(losses["loss"]):
        raise MaskwrightError(
            f"The loss became {losses['loss']} in epoch {epoch}, batch {number + 1} ({losses}); expected a finite "
            "number. Lower train.optimizer.lr, set train.clip_norm, or use train.precision=32-true."
        )


def _step(training: Training) -> None:
    if training.clip_norm is not None:
        # For an error torch would wait for the device; the losses that follow say as much at the next reading.
        training.fabric.clip_gradients(
            training.model,
            training.optimizer,
            max_norm=training.clip_norm,
            error_if_nonfinite=training.read_every == 1,
        )
    training.optimizer.step()
    training.optimizer.zero_grad(set_to_none=True)
    training.schedule.step()
    if training.average is not None:
        training.average.update(training.model)
    training.advance(training.schedule.last_epoch)


def _group_size(training: Training, number: int) -> int:
    """Return how many batches the group of batch ``number`` has: fewer than ``accumulate`` at an epoch's end."""
    first = number - number % training.accumulate
    return min(training.accumulate, training.batches_per_epoch - first)
