"""The sampling order depends on seed and epoch alone, and sampling weights follow their formulas."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maskwright.datasets.sampling import (
    SeededSampler,
    draws_per_epoch,
    pixel_rarity_weights,
    rarity_weights,
    repeat_factors,
)


def draws(sampler: SeededSampler, epoch: int) -> list[tuple[int, int]]:
    sampler.set_epoch(epoch)
    return list(sampler)


WEIGHTS = np.array([1.0, 2.0, 0.0, 5.0])


REPEATS = np.array([1.0, 1.5, 2.75, 1.0])


@pytest.mark.parametrize(
    "options", [{}, {"weights": WEIGHTS}, {"repeats": REPEATS}], ids=["shuffle", "weighted", "repeated"]
)
def test_the_order_depends_on_seed_and_epoch_alone(options: dict[str, np.ndarray]) -> None:
    first = SeededSampler(4, 9, **options)
    expected = [draws(first, epoch) for epoch in range(5)]
    np.random.seed(1)
    torch.manual_seed(1)
    other = SeededSampler(4, 9, **options)
    # Backwards, and each twice: what was drawn before does not matter.
    assert [draws(other, epoch) for epoch in (4, 4, 2, 0)] == [expected[epoch] for epoch in (4, 4, 2, 0)]


@pytest.mark.parametrize(
    "options", [{}, {"weights": WEIGHTS}, {"repeats": REPEATS}], ids=["shuffle", "weighted", "repeated"]
)
def test_an_epoch_can_be_entered_in_its_middle(options: dict[str, np.ndarray]) -> None:
    sampler = SeededSampler(4, 9, **options)
    whole = draws(sampler, 3)
    for first in range(len(whole) + 1):
        sampler.set_epoch(3, first)
        assert list(sampler) == whole[first:]
        assert len(sampler) == len(whole)
    assert draws(sampler, 3) == whole


def test_another_epoch_and_another_seed_give_another_order() -> None:
    orders = [[index for index, _ in draws(SeededSampler(50, seed), epoch)] for seed, epoch in ((0, 1), (0, 2), (1, 1))]
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]
    assert orders[1] != orders[2]


@pytest.mark.parametrize("length", [0, 1, 7, 100])
def test_shuffling_gives_each_index_once_an_epoch(length: int) -> None:
    sampler = SeededSampler(length, 3)
    for epoch in range(3):
        assert sorted(index for index, _ in draws(sampler, epoch)) == list(range(length))
    assert len(sampler) == length


def test_a_sample_is_augmented_anew_each_epoch() -> None:
    sampler = SeededSampler(20, 3)
    first, second = (dict(draws(sampler, epoch)) for epoch in (1, 2))
    assert all(first[index] != second[index] for index in range(20))
    assert len(set(first.values())) == 20


def test_draws_follow_the_weights() -> None:
    sampler = SeededSampler(4, 0, WEIGHTS)
    counts = Counter(index for epoch in range(2500) for index, _ in draws(sampler, epoch))
    total = counts.total()
    assert total == 10_000
    assert counts[2] == 0
    for index, share in enumerate(WEIGHTS / 8):
        assert abs(counts[index] - total * share) <= 4 * np.sqrt(total * share * (1 - share))


def test_an_image_drawn_twice_in_an_epoch_is_augmented_in_two_ways() -> None:
    drawn = draws(SeededSampler(3, 0, np.array([0.0, 1.0, 0.0])), 1)
    assert [index for index, _ in drawn] == [1, 1, 1]
    assert len({seed for _, seed in drawn}) == 3


# Four images: the first class is on three of them, the second on one, the third on none.
PRESENCE = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], np.bool_)


@pytest.mark.parametrize(
    ("power", "common", "rare"),
    [(1.0, 4 / 3, 4.0), (0.5, 1.1547005383792515, 2.0), (0.0, 1.0, 1.0), (2.0, 16 / 9, 16.0)],
)
def test_an_image_weighs_what_its_rarest_class_does(power: float, common: float, rare: float) -> None:
    assert rarity_weights(PRESENCE, power) == pytest.approx([common, rare, common, 1.0])


def test_without_classes_every_image_weighs_the_same() -> None:
    assert rarity_weights(np.zeros((3, 0), np.bool_), 1.0).tolist() == [1, 1, 1]


# Pixels of background, a common and a rare class in three images; the last one is ignored throughout.
PIXELS = np.array([[60, 40, 0], [90, 0, 10], [0, 0, 0]])


def test_an_image_weighs_the_mean_inverse_frequency_of_its_pixels() -> None:
    # Shares of all pixels: 0.75, 0.2, 0.05.
    expected = [0.6 / 0.75 + 0.4 / 0.2, 0.9 / 0.75 + 0.1 / 0.05, 0.0]
    assert pixel_rarity_weights(PIXELS, 1.0) == pytest.approx(expected)
    assert pixel_rarity_weights(PIXELS, 0.5) == pytest.approx(
        [0.6 / 0.75**0.5 + 0.4 / 0.2**0.5, 0.9 / 0.75**0.5 + 0.1 / 0.05**0.5, 0.0]
    )


def test_repeat_factors_are_those_of_lvis() -> None:
    # Gupta et al.: r(c) = max(1, sqrt(t / f(c))), an image the largest of its classes'; f is 3/4, 1/4 and 0.
    assert repeat_factors(PRESENCE, 0.5) == pytest.approx([1, 2**0.5, 1, 1])
    assert repeat_factors(PRESENCE, 1.0) == pytest.approx([(4 / 3) ** 0.5, 2, (4 / 3) ** 0.5, 1])
    assert repeat_factors(PRESENCE, 0.001).tolist() == [1, 1, 1, 1]


@given(st.lists(st.floats(1, 5), min_size=1, max_size=20), st.integers(0, 3))
def test_an_image_is_repeated_its_factor_rounded_down_or_up_and_every_epoch_has_one_length(
    factors: list[float], seed: int
) -> None:
    repeats = np.array(factors)
    sampler = SeededSampler(len(factors), seed, repeats=repeats)
    for epoch in range(3):
        counts = np.bincount([index for index, _ in draws(sampler, epoch)], minlength=len(factors))
        assert counts.sum() == len(sampler) == draws_per_epoch(repeats)
        assert (counts >= np.floor(repeats)).all()
        assert (counts <= np.floor(repeats) + 1).all()


def test_over_many_epochs_an_image_comes_as_often_as_its_factor_says() -> None:
    sampler = SeededSampler(4, 0, repeats=REPEATS)
    assert len(sampler) == 6  # of 6.25
    counts = Counter(index for epoch in range(4000) for index, _ in draws(sampler, epoch))
    assert (counts[0], counts[3]) == (4000, 4000)
    # One extra draw an epoch falls to 0.5 and 0.75 in proportion.
    assert counts[1] / 4000 == pytest.approx(1 + 0.5 / 1.25, abs=0.03)
    assert counts[2] / 4000 == pytest.approx(2 + 0.75 / 1.25, abs=0.03)


def test_factors_of_one_are_a_plain_shuffle() -> None:
    sampler = SeededSampler(30, 1, repeats=np.ones(30))
    assert sorted(index for index, _ in draws(sampler, 1)) == list(range(30))
