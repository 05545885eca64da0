"""When the clock asks for a save, with a time that the tests set."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.training.save_clock import SaveClock


@dataclass
class Hands:
    """A clock that stands still unless it is moved."""

    time: float = 1000.0

    def __call__(self) -> float:
        return self.time


def save(clock: SaveClock, hands: Hands, cost: float) -> None:
    with clock.saving():
        hands.time += cost


@given(st.integers(1, 9), st.floats(0, 1e5), st.floats(0, 1e5))
def test_counted_in_steps_it_is_due_at_their_multiples_whatever_the_time(
    steps: int, waited: float, cost: float
) -> None:
    hands = Hands()
    clock = SaveClock(steps, now=hands)
    save(clock, hands, cost)
    hands.time += waited
    assert [step for step in range(1, 40) if clock.is_due(step)] == list(range(steps, 40, steps))


def test_counted_in_time_it_is_due_from_the_given_seconds_on_and_not_again_after_saving() -> None:
    hands = Hands()
    clock = SaveClock(seconds=60, now=hands)
    for passed, due in ((59.5, False), (0.5, True), (100, True)):
        hands.time += passed
        assert all(clock.is_due(step) == due for step in (1, 2, 300))
    save(clock, hands, 0.1)
    assert not clock.is_due(1)


def test_the_time_a_save_takes_is_no_time_trained() -> None:
    hands = Hands()
    clock = SaveClock(seconds=60, now=hands)
    save(clock, hands, 0.5)
    hands.time += 59.75
    assert not clock.is_due(1)
    hands.time += 0.25
    assert clock.is_due(1)


@pytest.mark.parametrize(("cost", "wait"), [(0.0, 300), (2.0, 300), (4.0, 400), (60.0, 6000)])
def test_by_default_it_waits_five_minutes_or_a_hundred_times_what_saving_took(cost: float, wait: float) -> None:
    hands = Hands()
    clock = SaveClock(now=hands)
    save(clock, hands, cost)
    hands.time += wait - 1
    assert not clock.is_due(1)
    hands.time += 1
    assert clock.is_due(1)


@given(st.lists(st.floats(0.01, 5), min_size=2, max_size=5), st.floats(3, 50))
def test_saving_takes_at_most_a_hundredth_and_little_work_is_at_risk(costs: list[float], step: float) -> None:
    hands = Hands()
    clock = SaveClock(seconds=30, now=hands)
    waits = []
    for cost in costs:
        ended = hands.time
        while not clock.is_due(1):
            hands.time += step
        waits.append(hands.time - ended)
        save(clock, hands, cost)
    # What a save costs is known only afterwards, so it is paid for by the wait that follows.
    assert sum(costs[:-1]) <= 0.01 * sum(waits[1:]) + 1e-6
    for cost, wait in zip(costs, waits[1:], strict=False):
        assert wait <= max(30, 100 * cost) + step + 1e-6
