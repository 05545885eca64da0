"""The training loop, for every model: the only place where gradients are computed.

It knows tensors and callables, no recipe: what a batch's loss is, how to validate and where to save are passed in.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from maskwright.errors import MaskwrightError
from maskwright.training.average import MovingAverage
from maskwright.training.trackers import Tracker

Losses = Mapping[str, torch.Tensor]
Scores = dict[str, float | None]


class Epochs(Protocol):
    """What gives the batches of an epoch in an order that depends on the epoch alone."""

    def __call__(self, epoch: int) -> Iterable[Any]:
        """The batches of ``epoch`` (1-based)."""
        ...


@dataclass
class Position:
    """How far training has come: epochs done, the best score so far and its epoch."""

    epoch: int = 0
    best: float | None = None
    best_epoch: int = 0


@dataclass
class Training:
    """The parts of one training, built elsewhere.

    ``losses(model, batch)`` gives named losses whose sum is minimised. ``validate(model)`` gives named scores, of
    which ``best_by`` (higher is better) chooses the best checkpoint. ``save(names, training)`` writes checkpoints.
    """

    fabric: Fabric
    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: LRScheduler
    epochs: Epochs
    losses: Callable[[nn.Module, Any], Losses]
    validate: Callable[[nn.Module], Scores]
    save: Callable[[Sequence[str], "Training"], None]
    trackers: Sequence[Tracker]
    seed: int
    best_by: str
    validate_every: int = 1
    checkpoint_every: int | None = None
    clip_norm: float | None = None
    average: MovingAverage | None = None
    position: Position = field(default_factory=Position)
    scores: Scores = field(default_factory=dict)

    def weights(self) -> Mapping[str, torch.Tensor]:
        """The weights to validate and to keep: the moving average where there is one."""
        return self.average.state if self.average is not None else self.model.state_dict()

    def state(self) -> dict[str, Any]:
        """Everything besides the kept weights that resuming needs."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": None if self.average is None else {"steps": self.average.steps, "state": self.average.state},
            "position": vars(self.position).copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state` returned."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None and state["average"] is not None:
            self.average.steps = state["average"]["steps"]
            for key, value in state["average"]["state"].items():
                self.average.state[key].copy_(value)
        self.position = Position(**state["position"])


def train(training: Training, last_epoch: int) -> Position:
    """Train from the current position to the end of ``last_epoch`` (1-based).

    Raises ``MaskwrightError`` when a loss is not finite, before it can spoil the weights.
    """
    position = training.position
    for epoch in range(position.epoch + 1, last_epoch + 1):
        started = time.perf_counter()
        # Seeded by the epoch, so that resuming at its start repeats it exactly.
        torch.manual_seed(training.seed * 1_000_003 + epoch)
        metrics: dict[str, float | None] = {f"train/{k}": v for k, v in train_epoch(training, epoch).items()}
        metrics["learning_rate"] = float(training.schedule.get_last_lr()[0])
        metrics["seconds"] = time.perf_counter() - started
        names = ["last"]
        if epoch % training.validate_every == 0 or epoch == last_epoch:
            training.scores = validate(training)
            metrics |= {f"validation/{key}": value for key, value in training.scores.items()}
            score = training.scores.get(training.best_by)
            if position.best_epoch == 0 or (score is not None and score > (position.best or 0.0)):
                position.best, position.best_epoch = score, epoch
                names.append("best")
        if training.checkpoint_every and epoch % training.checkpoint_every == 0:
            names.append(f"epoch-{epoch:04d}")
        position.epoch = epoch
        for tracker in training.trackers:
            tracker.record(epoch, metrics)
        training.save(names, training)
    return position


def train_epoch(training: Training, epoch: int) -> dict[str, float]:
    """One pass over the batches; the mean of each loss, and of their sum as ``loss``."""
    training.model.train()
    sums: defaultdict[str, float] = defaultdict(float)
    count = 0
    for batch in training.epochs(epoch):
        losses = training.losses(training.model, batch)
        total = torch.stack(list(losses.values())).sum()
        values = {"loss": float(total.detach()), **{key: float(value.detach()) for key, value in losses.items()}}
        if not math.isfinite(values["loss"]):
            raise MaskwrightError(
                f"The loss became {values['loss']} in epoch {epoch}, batch {count + 1} ({values}); expected a finite "
                "number. Lower train.optimizer.lr, set train.clip_norm, or use train.precision=32-true."
            )
        training.optimizer.zero_grad(set_to_none=True)
        training.fabric.backward(total)
        if training.clip_norm is not None:
            training.fabric.clip_gradients(training.model, training.optimizer, max_norm=training.clip_norm)
        training.optimizer.step()
        training.schedule.step()
        if training.average is not None:
            training.average.update(training.model)
        for key, value in values.items():
            sums[key] += value
        count += 1
    return {key: value / count for key, value in sums.items()}


def validate(training: Training) -> Scores:
    """The scores of the weights to keep; the model's own weights are back afterwards."""
    own = None
    if training.average is not None:
        own = {key: value.clone() for key, value in training.model.state_dict().items()}
        training.model.load_state_dict(training.average.state)
    training.model.eval()
    try:
        with torch.inference_mode():
            return training.validate(training.model)
    finally:
        if own is not None:
            training.model.load_state_dict(own)
