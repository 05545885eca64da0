import contextlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.selection.sampling import sample_images
from maskwright.errors import DataError


def sample(held, count, at_least=None, seed=0) -> set[int]:
    return sample_images(held, count, at_least or {}, seed, "labels.json")


def test_all_images_are_kept_unless_a_number_is_given():
    assert sample({1: {"dog"}, 2: set()}, None) == {1, 2}
    assert sample({1: {"dog"}, 2: set()}, 5) == {1, 2}


@given(st.integers(0, 1000), st.integers(1, 20))
def test_the_seed_alone_decides(seed: int, count: int):
    held = {i: {"dog"} if i % 3 else set() for i in range(20)}
    drawn = sample(held, count, {"dog": 1}, seed)
    assert len(drawn) == count
    assert drawn == sample(dict(reversed(held.items())), count, {"dog": 1}, seed)


def test_a_demand_that_chance_already_meets_changes_nothing():
    held = {i: {"dog"} if i % 2 else set() for i in range(100)}
    assert sample(held, 30, {"dog": 5}) == sample(held, 30)


def test_a_demand_that_chance_does_not_meet_costs_as_few_images_as_it_must():
    held = {i: {"dog"} if i == 17 else set() for i in range(100)}
    seed = next(seed for seed in range(20) if 17 not in sample(held, 10, seed=seed))
    assert len(sample(held, 10, {"dog": 1}, seed) - sample(held, 10, seed=seed)) == 1


@given(
    st.lists(st.sets(st.sampled_from(["cat", "dog", "cow"])), min_size=1, max_size=30),
    st.dictionaries(st.sampled_from(["cat", "dog", "cow"]), st.integers(1, 6)),
    st.integers(1, 30),
)
def test_every_demand_is_met_or_said_to_be_too_much(holdings: list[set[str]], at_least: dict[str, int], count: int):
    held = dict(enumerate(holdings))
    available = Counter(name for names in holdings for name in names)
    short = [name for name, number in at_least.items() if available[name] < number]
    drawn = None
    with contextlib.suppress(DataError):
        drawn = sample(held, count, at_least)
    if drawn is None:
        # One image for each demand is always enough.
        assert short or count < sum(at_least.values())
        return
    assert not short
    assert len(drawn) == min(count, len(held))
    got = Counter(name for i in drawn for name in held[i])
    assert all(got[name] >= number for name, number in at_least.items())


def test_demands_that_one_image_meets_together_need_one_image():
    held = {0: {"cat"}, 1: {"dog"}, 2: {"cat", "dog"}, 3: set()}
    assert all(sample(held, 1, {"cat": 1, "dog": 1}, seed) == {2} for seed in range(10))


def test_a_demand_for_more_than_there_are_says_how_many_there_are():
    with pytest.raises(DataError, match=r"labels\.json: 1 of the images .* hold 'dog'; expected at least 3"):
        sample({1: {"dog"}, 2: set()}, 2, {"dog": 3})


def test_demands_that_do_not_fit_into_the_number_say_how_many_images_they_need():
    with pytest.raises(DataError, match=r"dog=1, cat=1 takes 2 images; expected at most 1"):
        sample({1: {"dog"}, 2: {"cat"}, 3: set()}, 1, {"dog": 1, "cat": 1})
