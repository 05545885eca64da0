"""Batch, epochs and parts by minutes and memory, on invented costs."""

import pytest

from maskwright.recipes.fitting.figures import StepCost
from maskwright.recipes.fitting.schedules import (
    MOST_EPOCHS,
    PartSizes,
    choose_batch,
    choose_parts,
    choose_warmup,
    plan_time,
)
from tests.recipes.fitting.invented import CPU, GPU

PARTS = PartSizes(80, 20)


def test_one_image_in_five_is_validated_and_at_most_a_thousand() -> None:
    assert choose_parts(100) == PARTS
    assert choose_parts(2) == PartSizes(1, 1)
    assert choose_parts(100_000) == PartSizes(99_000, 1000)
    assert PARTS.ratios == (80, 20)
    assert PartSizes(8, 4, 88).ratios == (8, 4, 88)


def test_the_plan_stays_within_the_minutes() -> None:
    for minutes in (0.5, 2, 5, 10, 60):
        for seconds in (0.001, 0.02, 0.3):
            plan = plan_time(minutes, PARTS, 8, 256, StepCost(seconds, 256))
            taken = plan.epochs * plan.parts.train * StepCost(seconds, 256).at(plan.size) / 60
            assert taken <= plan.minutes <= minutes
            assert 1 <= plan.validate_every <= plan.epochs


@pytest.mark.parametrize("minutes", [5, 10, 60])
@pytest.mark.parametrize("parts", [PARTS, PartSizes(240, 60), PartSizes(400, 50)], ids=str)
def test_nine_tenths_of_the_minutes_are_planned_where_epochs_fit(minutes: float, parts: PartSizes) -> None:
    plan = plan_time(minutes, parts, 4, 96, StepCost(0.04, 96))
    assert plan.minutes >= 0.88 * minutes or plan.epochs == MOST_EPOCHS


def test_a_slow_model_gets_a_smaller_input_before_fewer_epochs() -> None:
    fast, slow = (plan_time(5, PARTS, 8, 256, StepCost(seconds, 256)) for seconds in (0.05, 0.3))
    assert fast.size == 256
    assert slow.size < 256
    assert slow.epochs >= 12
    assert "not 256" in slow.reason


def test_random_weights_get_a_smaller_input_before_fewer_steps() -> None:
    learnt, random = (plan_time(5, PARTS, 4, 256, StepCost(0.12, 256), from_random) for from_random in (False, True))
    assert (learnt.size, learnt.steps >= 150) == (256, True)
    assert (random.size < 256, random.steps >= 600) == (True, True)


def test_what_there_is_no_time_for_is_not_used() -> None:
    plan = plan_time(1, PartSizes(80_000, 1000), 8, 96, StepCost(0.01, 96))
    parts = plan.parts
    assert parts.train + parts.validation + parts.unused == 81_000
    assert parts.unused > 70_000
    assert plan.epochs in (2, 3)
    assert parts.validation >= 40


def test_few_images_are_not_repeated_for_ever() -> None:
    plan = plan_time(60, PartSizes(8, 2), 2, 96, StepCost(0.001, 96))
    assert plan.epochs == MOST_EPOCHS
    assert plan.steps == MOST_EPOCHS * 4
    assert "would repeat" in plan.reason


def test_an_estimate_is_called_one() -> None:
    assert "an estimate" in plan_time(5, PARTS, 8, 96, StepCost(0.01, 96, measured=False)).reason
    assert "measured here: 0.010 s" in plan_time(5, PARTS, 8, 96, StepCost(0.01, 96)).reason


def test_memory_limits_the_batch() -> None:
    assert choose_batch("instance", GPU, StepCost(0.1, 800, memory_gib=1.0), 1000)[0] == 16
    assert choose_batch("instance", GPU, StepCost(0.1, 800, memory_gib=2.5), 1000)[0] == 8
    assert choose_batch("instance", CPU, StepCost(0.1, 320, memory_gib=0.2), 1000)[0] == 4
    assert [choose_batch("semantic", CPU, StepCost(0.1, 320), images)[0] for images in (399, 400)] == [4, 8]
    batch, reason = choose_batch("semantic", CPU, StepCost(0.1, 320, memory_gib=0.5), 1000)
    assert (batch, "2.0 of 8 GiB" in reason) == (4, True)


@pytest.mark.parametrize(("images", "batch"), [(1, 1), (2, 2), (5, 2), (15, 3), (16, 4), (32, 4)])
def test_few_images_get_small_batches(images: int, batch: int) -> None:
    assert choose_batch("semantic", CPU, StepCost(0.1, 96), images)[0] == batch


def test_the_warm_up_is_a_tenth() -> None:
    assert [choose_warmup(steps) for steps in (5, 300, 100_000)] == [0, 30, 250]
