"""The state of a training: its content, and a second training that continues from it."""

import copy

import pytest
import torch

from maskwright.training.loop import fit
from maskwright.training.optimisation import build_schedule
from maskwright.training.state import Position
from tests.training.test_loop import make_training


@pytest.mark.parametrize(
    ("position", "said"), [(Position(3), "epoch 3"), (Position(3, batch=2), "epoch 3 and 2 batches")]
)
def test_a_position_says_how_far_training_has_come(position: Position, said: str) -> None:
    assert str(position) == said


def test_a_restored_training_stands_where_the_first_one_stood() -> None:
    first, _ = make_training([0.4, 0.6], average=0.9)
    fit(first, 2)
    state = first.state()
    second, _ = make_training(average=0.9)
    second.restore(state)
    assert second.position == first.position == Position(2, 0, 0.6, 2)
    assert (second.scores, second.sums, second.seconds) == (first.scores, first.sums, first.seconds)
    assert second.schedule.state_dict() == first.schedule.state_dict()
    assert all(torch.equal(value, second.weights()[key]) for key, value in first.weights().items())


def test_a_longer_training_goes_on_at_the_rate_of_its_own_schedule() -> None:
    first, second = make_training()[0], make_training()[0]
    steps = 2 * first.batches_per_epoch
    for training, total in ((first, steps), (second, 2 * steps)):
        training.schedule = build_schedule("cosine", training.optimizer, total_steps=total)
    fit(first, 2)
    assert first.optimizer.param_groups[0]["lr"] == 0
    second.restore(first.state())
    assert second.optimizer.param_groups[0]["lr"] == pytest.approx(1e-2 / 2)


def test_the_kept_weights_are_the_moving_average_where_there_is_one() -> None:
    plain, _ = make_training()
    assert plain.weights().keys() == plain.model.state_dict().keys()
    averaged, _ = make_training(average=0.5)
    assert averaged.average is not None
    assert averaged.weights() is averaged.average.state


def test_a_process_that_has_no_recorded_random_numbers_starts_from_the_seed() -> None:
    training, _ = make_training()
    state = training.state()
    training.restore({**state, "random": []})
    assert training.random is None
    training.restore(state)
    assert training.random is not None


def test_a_training_that_began_with_fused_kernels_goes_on_with_those_of_its_own_device() -> None:
    first, _ = make_training()
    fit(first, 1)
    state = copy.deepcopy(first.state())
    for group in state["optimizer"]["param_groups"]:
        group["fused"] = True
    second, _ = make_training()
    second.restore(state)
    assert [group["fused"] for group in second.optimizer.param_groups] == [None]
    third, _ = make_training()
    third.restore(copy.deepcopy(first.state()))
    for training in (second, third):
        fit(training, 2)
    assert all(torch.equal(value, second.weights()[key]) for key, value in third.weights().items())
