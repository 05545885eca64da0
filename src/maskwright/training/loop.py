"""The training loop for every model: epochs of batches, validation, trackers and checkpoints."""

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
    """Train from the current position to the end of ``last_epoch`` (1-based), and return the position that was reached.

    The training ends earlier when the validation score has not improved for ``training.patience`` epochs.

    The checkpoints are written when this returns or raises.

    Raises ``MaskwrightError`` when a loss is not finite, before a checkpoint is written, when a checkpoint cannot be
    written, or when a data-loading process was killed. Raises :class:`~maskwright.training.interruption.Interrupted`
    after a stop request, with the state saved.
    """
    position = training.position
    try:
        while position.epoch < last_epoch and not _patience_is_over(training):
            _train_and_validate(training, position.epoch + 1, last_epoch)
        training.writer.wait()
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise MaskwrightError(
            f"A process that loads images was killed after {position} ({str(error).splitlines()[0]}); expected it to "
            "run until the training ends. Most likely memory ran out: lower train.workers or train.batch_size, then "
            "go on with --resume."
        ) from error
    finally:
        training.writer.settle()
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
        training.scores, measured = _validated(training, epoch)
        metrics |= {f"train/{key}": value for key, value in measured.items()}
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
    # ``last`` comes last: once it is written, a resumed training does not write the others again.
    training.save_checkpoints(*names, "last")


def train_epoch(training: Training, epoch: int) -> dict[str, float]:
    """Train on the batches of ``epoch`` that are left, and return the mean of each loss over all batches of the epoch.

    The key ``loss`` is the mean of their sum. Batches done before an interruption count too.

    Raises :class:`~maskwright.training.interruption.Interrupted` after a stop request, with the state saved, and
    ``MaskwrightError`` when a loss is not finite.
    """
    position, started = training.position, time.perf_counter() - training.seconds
    sums = defaultdict(float, training.sums)
    training.model.train()
    for number, batch in _batches(training, epoch):
        training.writer.raise_error()
        step_result = training_step(training, batch, epoch, number)
        for key, value in step_result.losses.items():
            sums[key] += value
        if ends_group(training, number):
            position.batch, training.sums = number + 1, dict(sums)
            training.seconds = time.perf_counter() - started
            if step_result.stop or step_result.save:
                training.save_checkpoints("last")
            if step_result.stop:
                training.writer.wait()
                raise training.stop.interrupted(
                    f"in epoch {epoch}, after batch {position.batch} of {training.batches_per_epoch}"
                )
    return {key: value / training.batches_per_epoch for key, value in sums.items()}


def _batches(training: Training, epoch: int) -> Iterator[tuple[int, Any]]:
    """Yield the batches of ``epoch`` that are left, with their numbers from 0."""
    first = training.position.batch
    if first == training.batches_per_epoch:
        return
    # Seeded by the epoch, so that resuming at its start repeats it exactly.
    seed_epoch(training.seed, epoch, training.processes.rank)
    batches = iter(training.epochs(epoch, first))
    # After the loader is made, because making it draws a random number too.
    if first and training.random is not None:
        restore_random_state(training.random, training.fabric.device)
    yield from enumerate(batches, start=first)


def _validated(training: Training, epoch: int) -> tuple[Scores, Scores]:
    """Return the validation scores, and those on training images.

    Raises ``Interrupted``, with the state saved, after a stop request: the scores are dropped, and resuming begins with
    the validation.
    """
    both = validate(training)
    _, (stop,) = training.processes.all_reduce(torch.zeros(0, device=training.fabric.device), [training.stop()])
    if stop:
        training.save_checkpoints("last")
        training.writer.wait()
        raise training.stop.interrupted(f"before the validation of epoch {epoch}")
    return both


def validate(training: Training) -> tuple[Scores, Scores]:
    """Return the validation scores of the weights to keep, and their scores on training images, empty if not measured.

    The model has its own weights again afterwards. With several processes, all of them call this together. The scores
    of the first process are returned in each.
    """
    own = None
    if training.average is not None:
        own = {key: value.clone() for key, value in training.model.state_dict().items()}
        training.model.load_state_dict(training.average.state)
    # Each process has its own running statistics of BatchNorm; those of rank 0 are kept.
    training.processes.broadcast_tensors(list(training.model.buffers()))
    training.model.eval()
    module = training.model.module  # not its DDP wrapper, which all processes would have to call equally often
    try:
        with torch.inference_mode(), training.fabric.autocast():
            scores = training.validate(module)  # type: ignore[arg-type]
            measured = {} if training.measure is None else training.measure(module)  # type: ignore[arg-type]
            return training.processes.broadcast((scores, measured))
    finally:
        if own is not None:
            training.model.load_state_dict(own)
