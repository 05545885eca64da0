"""The parts of a training, and its state: how far it has come, and everything that resuming needs.

The parts are tensors and callables, not a recipe. How a batch's loss is computed, how to validate and where to save are
passed in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from maskwright.training.background_writer import BackgroundWriter
from maskwright.training.ema import MovingAverage
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup
from maskwright.training.random_state import random_state
from maskwright.training.save_clock import SaveClock
from maskwright.training.trackers import Tracker

Losses = Mapping[str, torch.Tensor]
Scores = dict[str, float | None]


class Epochs(Protocol):
    """A callable that returns the batches of an epoch in an order that depends on the epoch alone."""

    def __call__(self, epoch: int, first_batch: int) -> Iterable[Any]:
        """Return the batches of ``epoch`` (1-based) from number ``first_batch`` (0-based) on."""
        ...


@dataclass
class Position:
    """How far a training has come.

    ``epoch`` counts the epochs done, ``batch`` the batches done of the next one. ``best`` is the best validation score
    so far, None where it is undefined, and ``best_epoch`` its epoch (0 before the first validation).
    """

    epoch: int = 0
    batch: int = 0
    best: float | None = None
    best_epoch: int = 0

    def __str__(self) -> str:
        return f"epoch {self.epoch}" + (f" and {self.batch} batches" if self.batch else "")


@dataclass(frozen=True)
class UnreadLosses:
    """The losses of batch ``number`` (from 0) of an epoch, still on the device: ``values`` ``(N,)`` by their names."""

    number: int
    names: tuple[str, ...]
    values: torch.Tensor


@dataclass
class Training:
    """The parts of one training, built by the caller, and its changing state.

    ``losses(model, batch)`` returns named losses, whose sum is minimised. ``validate(module)`` returns named scores;
    the one called ``best_by``, higher is better, chooses the checkpoint ``best``. ``save(names, training)`` writes
    checkpoints, which ``writer`` may do beside the training. ``release()`` is called when the training ends for any
    reason, and stops the data loading.

    An epoch has ``batches_per_epoch`` batches. The gradients of ``accumulate`` batches make one optimiser step, and
    their norm is clipped to ``clip_norm``. Validation happens every ``validate_every`` epochs and after the last, a
    numbered checkpoint every ``checkpoint_every``. ``patience`` ends the training after so many epochs without a better
    score. The losses of ``read_every`` batches are read from the device together, because each reading waits for the
    device; with 1, the default, they are read before the weights change. ``average`` is the moving average of the
    weights that is validated and kept instead of the weights themselves. The state is saved as ``last`` after each
    epoch, and within one when ``clock`` asks for it. ``measure(module)`` returns named scores of the weights on
    training images with each validation, if given. ``advance(steps)`` is called before the first step and after each,
    with the number of steps done, where a network changes with the training as the learning rate does.

    ``fabric`` places the model and may join several processes. Each then gets a share of every batch and of the
    validation images, the scores of the first process count, and ``save`` is called in all of them.

    ``position``, ``scores`` (of the last validation), ``sums`` (the losses of the epoch so far), ``seconds`` (of the
    epoch so far) and ``random`` (the generators to continue from) are the state that changes. ``unread`` holds the
    losses that are still on the device; it is empty whenever the state is saved.
    """

    fabric: Fabric
    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: LRScheduler
    epochs: Epochs
    batches_per_epoch: int
    losses: Callable[[nn.Module, Any], Losses]
    validate: Callable[[nn.Module], Scores]
    save: Callable[[Sequence[str], "Training"], None]
    trackers: Sequence[Tracker]
    seed: int
    best_by: str
    validate_every: int = 1
    checkpoint_every: int | None = None
    accumulate: int = 1
    patience: int | None = None
    clip_norm: float | None = None
    read_every: int = 1
    average: MovingAverage | None = None
    measure: Callable[[nn.Module], Scores] | None = None
    advance: Callable[[int], None] = lambda _: None
    release: Callable[[], None] = lambda: None
    writer: BackgroundWriter = field(default_factory=BackgroundWriter)
    clock: SaveClock = field(default_factory=SaveClock)
    stop: StopRequest = field(default_factory=StopRequest)
    position: Position = field(default_factory=Position)
    scores: Scores = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    random: dict[str, Any] | None = None
    unread: list[UnreadLosses] = field(default_factory=list)
    processes: ProcessGroup = field(init=False)

    def __post_init__(self) -> None:
        self.processes = ProcessGroup(self.fabric)
        self.advance(0)

    def save_checkpoints(self, *names: str) -> None:
        """Save the current state as the checkpoints ``names``, and time how long the training waits for it."""
        with self.clock.saving():
            self.save(names, self)

    def weights(self) -> Mapping[str, torch.Tensor]:
        """Return the weights to validate and to keep: the moving average if there is one, else those of the model."""
        return self.average.state if self.average is not None else self.model.state_dict()

    def state(self) -> dict[str, Any]:
        """Return what resuming needs besides the kept weights.

        It is a collective operation: all processes call it together.
        """
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else None,
            "average": None if self.average is None else {"steps": self.average.steps, "state": self.average.state},
            "position": vars(self.position).copy(),
            "scores": dict(self.scores),
            "sums": dict(self.sums),
            "seconds": self.seconds,
            "random": self.processes.gather(random_state(self.fabric.device)),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``, which :meth:`state` returned in the first process.

        The processes may be more or fewer than before. Those without a saved random state start from the epoch's seed.
        """
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(_with_kernels_of(self.optimizer, state["optimizer"]))
        self.schedule.load_state_dict(state["schedule"])
        self._take_rates()
        self.advance(self.schedule.last_epoch)
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        if scaler is not None and state["scaler"] is not None:
            scaler.load_state_dict(state["scaler"])
        if self.average is not None and state["average"] is not None:
            self.average.steps = state["average"]["steps"]
            for key, value in state["average"]["state"].items():
                self.average.state[key].copy_(value)
        self.position = Position(**state["position"])
        self.scores, self.sums, self.seconds = dict(state["scores"]), dict(state["sums"]), state["seconds"]
        # With another number of processes, the saved ones continue and new ones start from the epoch's seed.
        states = state["random"]
        self.random = states[self.processes.rank] if self.processes.rank < len(states) else None

    def _take_rates(self) -> None:
        """Set the rates of the next step by the schedule; a longer training has others there than the saved one."""
        if isinstance(self.schedule, LambdaLR):
            factors = [curve(self.schedule.last_epoch) for curve in self.schedule.lr_lambdas]
            rates = [rate * factor for rate, factor in zip(self.schedule.base_lrs, factors, strict=True)]
            for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate


def _with_kernels_of(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the saved ``state`` of an optimiser with the kernels of ``optimizer``, which suit its device.

    A training that began on a GPU with fused kernels may continue on a CPU without them.
    """
    groups = [
        {**saved, **{key: group[key] for key in ("fused", "foreach") if key in group}}
        for saved, group in zip(state["param_groups"], optimizer.param_groups, strict=True)
    ]
    return {**state, "param_groups": groups}
