"""The source of copy-paste comes as often as its weight says."""

import numpy as np
import pytest

from maskwright.datasets.paste_sources import PasteSources


def drawn(weights: list[float] | None, images: int = 4) -> list[float]:
    """The share of each image among many draws."""
    generator = np.random.default_rng(0)
    sources = PasteSources(images, None if weights is None else np.array(weights))
    return (np.bincount([sources.draw(generator) for _ in range(20_000)], minlength=images) / 20_000).tolist()


def test_without_weights_all_images_come_equally_often() -> None:
    assert drawn(None) == pytest.approx([0.25] * 4, abs=0.01)


def test_with_weights_they_come_in_proportion_and_never_at_weight_zero() -> None:
    assert drawn([0.0, 3.0, 1.0, 0.0]) == pytest.approx([0, 0.75, 0.25, 0], abs=0.01)
    assert drawn([0.0, 3.0, 1.0, 0.0])[::3] == [0, 0]


def test_the_draws_are_those_of_numpy_s_own_choice_for_the_same_generator() -> None:
    weights = np.array([1.0, 0.5, 2.0, 0.1])
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    sources = PasteSources(4, weights)
    expected = [int(theirs.choice(4, p=weights / weights.sum())) for _ in range(200)]
    assert [sources.draw(ours) for _ in range(200)] == expected
