"""The training loop, for every model: epochs of batches, validation, and saving so that nothing is lost."""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import torch

from maskwright.errors import MaskwrightError
from maskwright.training.random_state import restore_random_state, seed_epoch
from maskwright.training.state import Position, Scores, Training
from maskwright.training.step import ends_group, training_step


def fit(training: Training, last_epoch: int) -> Position:
    """Train from the current position to the end of ``last_epoch`` (1-based), or until patience ends.

    Raises ``MaskwrightError`` when a loss is not finite, before it can spoil the weights, or when a process that loads
    data was killed; :class:`~maskwright.training.interruption.Interrupted`, with the state saved, when a stop was
    asked for.
    """
    position = training.position
    try:
        while position.epoch < last_epoch and not _patience_is_over(training):
            _train_and_validate(training, position.epoch + 1, last_epoch)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise MaskwrightError(
            f"A process that loads images was killed after {position} ({str(error).splitlines()[0]}); expected it to "
            "live as long as the training. Most likely memory ran out: lower train.workers or train.batch_size, then "
            "go on with --resume."
        ) from error
    finally:
        training.release()
    if training.stop():
        raise training.stop.interrupted("after the last epoch")
    return position


def _patience_is_over(training: Training) -> bool:
    position = training.position
    return training.patience is not None and position.epoch - position.best_epoch >= training.patience > 0


def _train_and_validate(training: Training, epoch: int, last_epoch: int) -> None:
    position = training.position
    metrics: dict[str, float | None] = {f"train/{k}": v for k, v in train_epoch(training, epoch).items()}
    metrics["learning_rate"] = float(training.schedule.get_last_lr()[-1])
    metrics["seconds"] = training.seconds
    names = []
    if epoch % training.validate_every == 0 or epoch == last_epoch:
        training.scores = _validated(training, epoch)
        metrics |= {f"validation/{key}": value for key, value in training.scores.items()}
        score = training.scores.get(training.best_by)
        if position.best_epoch == 0 or (score is not None and score > (position.best or 0.0)):
            position.best, position.best_epoch = score, epoch
            names.append("best")
    if training.checkpoint_every and epoch % training.checkpoint_every == 0:
        names.append(f"epoch-{epoch:04d}")
    position.epoch, position.batch = epoch, 0
    training.sums, training.seconds = {}, 0.0
    for tracker in training.trackers:
        tracker.record(epoch, metrics)
    # The last one at last: once it is there, no other is written again.
    training.save_checkpoints(*names, "last")


def train_epoch(training: Training, epoch: int) -> dict[str, float]:
    """The rest of one pass over the batches; the mean of each loss over the whole pass, and of their sum as ``loss``.

    Raises :class:`~maskwright.training.interruption.Interrupted`, with the state saved, when a stop was asked for.
    """
    position, started = training.position, time.perf_counter() - training.seconds
    sums = defaultdict(float, training.sums)
    training.model.train()
    for number, batch in _batches(training, epoch):
        learned = training_step(training, batch, epoch, number)
        for key, value in learned.losses.items():
            sums[key] += value
        if ends_group(training, number):
            position.batch, training.sums = number + 1, dict(sums)
            training.seconds = time.perf_counter() - started
            if learned.stop or learned.save:
                training.save_checkpoints("last")
            if learned.stop:
                raise training.stop.interrupted(
                    f"in epoch {epoch}, after batch {position.batch} of {training.batches_per_epoch}"
                )
    return {key: value / training.batches_per_epoch for key, value in sums.items()}


def _batches(training: Training, epoch: int) -> Iterator[tuple[int, Any]]:
    """The batches of ``epoch`` that are still to be done, with their numbers from 0."""
    first = training.position.batch
    if first == training.batches_per_epoch:
        return
    # Seeded by the epoch, so that resuming at its start repeats it exactly.
    seed_epoch(training.seed, epoch, training.processes.rank)
    batches = iter(training.epochs(epoch, first))
    # After the loader is made, which draws a number too.
    if first and training.random is not None:
        restore_random_state(training.random, training.fabric.device)
    yield from enumerate(batches, start=first)


def _validated(training: Training, epoch: int) -> Scores:
    """The scores; if a stop is asked for meanwhile, they are thrown away, and resuming begins with the validation."""
    scores = validate(training)
    _, (stop,) = training.processes.all_reduce(torch.zeros(0, device=training.fabric.device), [training.stop()])
    if stop:
        training.save_checkpoints("last")
        raise training.stop.interrupted(f"before the validation of epoch {epoch}")
    return scores


def validate(training: Training) -> Scores:
    """The scores of the weights to keep; the model's own weights are back afterwards."""
    own = None
    if training.average is not None:
        own = {key: value.clone() for key, value in training.model.state_dict().items()}
        training.model.load_state_dict(training.average.state)
    # Running statistics of BatchNorm are each process's own; those of the first are kept.
    training.processes.broadcast_tensors(list(training.model.buffers()))
    training.model.eval()
    module = training.model.module  # alone, because shares of unequal length cannot call together
    try:
        with torch.inference_mode(), training.fabric.autocast():
            return training.processes.broadcast(training.validate(module))  # type: ignore[arg-type]
    finally:
        if own is not None:
            training.model.load_state_dict(own)
