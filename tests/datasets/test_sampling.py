"""The order of samples depends on the seed and the epoch alone, and rare classes come as often as asked."""

from collections import Counter

import numpy as np
import pytest
import torch

from maskwright.datasets.sampling import SeededSampler, rarity_weights


def draws(sampler: SeededSampler, epoch: int) -> list[tuple[int, int]]:
    sampler.set_epoch(epoch)
    return list(sampler)


WEIGHTS = np.array([1.0, 2.0, 0.0, 5.0])


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["shuffle", "weighted"])
def test_the_order_depends_on_seed_and_epoch_alone(weights: np.ndarray | None) -> None:
    first = SeededSampler(4, 9, weights)
    expected = [draws(first, epoch) for epoch in range(5)]
    np.random.seed(1)
    torch.manual_seed(1)
    other = SeededSampler(4, 9, weights)
    # Backwards, and each twice: what was drawn before does not matter.
    assert [draws(other, epoch) for epoch in (4, 4, 2, 0)] == [expected[epoch] for epoch in (4, 4, 2, 0)]


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
