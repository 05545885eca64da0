"""Single training steps, with losses whose gradients are known."""

import math
import signal
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import MaskwrightError
from maskwright.training.ema import MovingAverage
from maskwright.training.processes import ProcessGroup
from maskwright.training.save_clock import SaveClock
from maskwright.training.state import Training
from maskwright.training.step import ends_group, steps_until, training_step

RATE = 0.5
START = 8.0


class Line(nn.Module):
    """y = w x, whose derivative by w is x."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(START))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.w * x


def losses(model: nn.Module, batch: float) -> dict[str, torch.Tensor]:
    """Two parts of one derivative: a fourth and three fourths of ``batch``."""
    return {"small": model(torch.tensor(batch / 4)), "large": model(torch.tensor(batch * 3 / 4))}


def make_training(batches: int, average: float = 0.0, **options: Any) -> Training:
    fabric, model = Fabric(accelerator="cpu", devices=1), Line()
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    wrapped, wrapped_optimizer = fabric.setup(model, optimizer)
    return Training(
        fabric=fabric,
        model=wrapped,
        optimizer=wrapped_optimizer,
        schedule=torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0),
        epochs=lambda epoch, first_batch: (),
        batches_per_epoch=batches,
        losses=losses,
        validate=lambda _: {},
        save=lambda *_: None,
        trackers=[],
        seed=0,
        best_by="score",
        average=MovingAverage(wrapped, average) if average else None,
        **options,
    )


def weight(training: Training) -> float:
    return training.model.w.item()  # type: ignore[union-attr]


SHARED = make_training(1)


@settings(max_examples=40)
@given(st.integers(1, 20), st.integers(1, 9))
def test_the_groups_of_an_epoch_are_full_but_for_the_last(batches: int, accumulate: int) -> None:
    training = SHARED
    training.batches_per_epoch, training.accumulate = batches, accumulate
    ends = [number for number in range(batches) if ends_group(training, number)]
    lengths = [after - before for before, after in pairwise([-1, *ends])]
    assert sum(lengths) == batches
    assert lengths == [accumulate] * (batches // accumulate) + [batches % accumulate] * (batches % accumulate > 0)
    # Steps are counted where they happen.
    assert [steps_until(training, number + 1) for number in ends] == list(range(1, len(ends) + 1))


@pytest.mark.parametrize(
    ("accumulate", "steps"), [(1, [1, 2, 3, 4, 6]), (2, [1.5, 3.5, 6]), (3, [2, 5]), (5, [3.2]), (9, [3.2])]
)
def test_a_group_steps_by_the_mean_of_its_gradients_also_where_it_is_short(accumulate: int, steps: list[float]) -> None:
    training = make_training(5, accumulate=accumulate)
    expected = [START]
    for number, batch in enumerate([1.0, 2.0, 3.0, 4.0, 6.0]):
        training_step(training, batch, 1, number)
        if weight(training) != expected[-1]:
            expected.append(weight(training))
    moved = [(before - after) / RATE for before, after in pairwise(expected)]
    assert moved == pytest.approx(steps, rel=1e-6)


def test_schedule_and_average_move_with_the_steps_not_with_the_batches() -> None:
    training = make_training(5, average=0.5, accumulate=2)
    assert training.average is not None
    done = []
    for number in range(5):
        training_step(training, 1.0, 1, number)
        done.append((training.average.steps, training.schedule.last_epoch))
    assert done == [(0, 0), (1, 1), (1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("batch", [100.0, -100.0, 0.25])
def test_no_step_is_longer_than_the_clipped_gradient(batch: float) -> None:
    training = make_training(1, clip_norm=0.5)
    training_step(training, batch, 1, 0)
    assert START - weight(training) == pytest.approx(RATE * math.copysign(min(abs(batch), 0.5), batch), rel=1e-4)


def test_the_losses_are_told_by_name_before_the_step_and_with_their_sum() -> None:
    learned = training_step(make_training(1), 2.0, 1, 0)
    assert learned.losses == pytest.approx({"loss": 2 * START, "small": 0.5 * START, "large": 1.5 * START})
    assert not learned.stop
    assert not learned.save


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loss_that_is_not_finite_changes_nothing_and_is_placed(value: float, accumulate: int) -> None:
    training = make_training(4, accumulate=accumulate)
    training_step(training, 1.0, 3, 0)
    training_step(training, 1.0, 3, 1)
    before = weight(training), training.schedule.last_epoch
    with pytest.raises(MaskwrightError, match=rf"became {value} in epoch 3, batch 3 .*'small': {value}.*expected a"):
        training_step(training, value, 3, 2)
    assert (weight(training), training.schedule.last_epoch) == before
    (parameter,) = training.model.parameters()
    assert parameter.grad is None or math.isfinite(parameter.grad.item())


def test_it_says_when_to_save_and_when_to_stop_with_the_batch_it_has_learned() -> None:
    training = make_training(6, accumulate=2, clock=SaveClock(steps=2))
    said = [training_step(training, 1.0, 1, number).save for number in range(6)]
    # Steps end with batches 1, 3 and 5, counted from 0; the second one is to be saved.
    assert [said[number] for number in (1, 3, 5)] == [False, True, False]
    training.stop.number = signal.SIGTERM
    assert training_step(training, 1.0, 2, 0).stop
    assert training_step(training, 1.0, 2, 1).stop
    assert weight(training) == START - 4 * RATE


class Agreeing(ProcessGroup):
    """One of two processes, of which the other has three times its losses, and wants to stop."""

    def __init__(self, number: int) -> None:
        self.device, self.world_size, self.rank = torch.device("cpu"), 2, number
        self.wished: list[bool] = []

    def all_reduce(self, values: torch.Tensor, wishes: Any) -> tuple[list[float], list[bool]]:
        self.wished = list(wishes)
        return (2 * values).tolist(), [True, wishes[1]]


@pytest.mark.parametrize("number", [0, 1])
def test_losses_and_stops_are_those_of_all_processes_and_the_first_says_when_to_save(number: int) -> None:
    training = make_training(1, clock=SaveClock(steps=1))
    training.processes = processes = Agreeing(number)
    learned = training_step(training, 1.0, 1, 0)
    assert learned.losses == pytest.approx({"loss": 2 * START, "small": 0.5 * START, "large": 1.5 * START})
    assert learned.stop
    assert processes.wished == [False, number == 0]
    assert learned.save == (number == 0)


def test_a_loss_that_is_not_finite_elsewhere_ends_this_process_too() -> None:
    training = make_training(1)
    training.processes = processes = Agreeing(0)
    processes.all_reduce = lambda values, wishes: ([math.nan] * len(values), list(wishes))  # type: ignore[method-assign]
    with pytest.raises(MaskwrightError, match="loss became nan"):
        training_step(training, 1.0, 1, 0)
    assert weight(training) == START


def lazy(batches: int, read_every: int = 3, **options: Any) -> Training:
    return make_training(batches, read_every=read_every, **options)


def test_losses_are_read_together_every_few_batches_and_at_the_end_of_the_epoch() -> None:
    training = lazy(8)
    found = [training_step(training, float(number), 1, number).losses for number in range(8)]
    assert [bool(losses) for losses in found] == [False, False, True, False, False, True, False, True]
    plain = make_training(8)
    each = [training_step(plain, float(number), 1, number).losses for number in range(8)]
    assert weight(training) == weight(plain)
    for read, batches in zip((2, 5, 7), (each[:3], each[3:6], each[6:]), strict=True):
        assert found[read] == pytest.approx({name: sum(one[name] for one in batches) for name in each[0]})
    assert not training.unread


def test_losses_are_read_early_where_the_state_is_to_be_saved_or_the_training_to_stop() -> None:
    training = lazy(9, read_every=100, accumulate=2, clock=SaveClock(steps=2))
    said = [training_step(training, 1.0, 1, number) for number in range(5)]
    # The second step ends with batch 3, counted from 0.
    assert [(bool(one.losses), one.save) for one in said] == [(False, False)] * 3 + [(True, True), (False, False)]
    training.stop.number = signal.SIGTERM
    assert training_step(training, 1.0, 1, 5).stop
    assert not training.unread


def test_a_loss_that_is_not_finite_is_placed_when_it_is_read() -> None:
    training = lazy(9, read_every=4)
    for number, batch in enumerate([1.0, math.nan, 1.0]):
        assert not training_step(training, batch, 2, number).losses
    with pytest.raises(MaskwrightError, match=r"became nan in epoch 2, batch 2 .*'small': nan"):
        training_step(training, 1.0, 2, 3)


def test_several_processes_read_at_the_same_batches_whatever_one_of_them_is_told() -> None:
    training = lazy(9, read_every=4, clock=SaveClock(seconds=0.0))
    training.processes = Agreeing(1)
    training.stop.number = signal.SIGTERM
    found = [training_step(training, 1.0, 1, number) for number in range(4)]
    assert [bool(one.losses) for one in found] == [False, False, False, True]
    assert found[-1].stop
