"""Paired tests on simulated models whose truth is known, and Holm's method against its definition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from maskwright.comparisons.paired import (
    Difference,
    Measure,
    Values,
    holm,
    images_needed,
    model_estimates,
    p_value,
    paired_differences,
)
from maskwright.evaluation.bootstrap import BootstrapEstimate, Resampling, Weights

MEAN = Measure("mean")


@dataclass(frozen=True)
class MeanScores:
    """Models whose score is the mean of a number an image: ``values[model][training]`` ``(N,)``."""

    values: Sequence[Sequence[Values]]

    @property
    def images(self) -> int:
        return len(self.values[0][0])

    @property
    def headline(self) -> Measure:
        return MEAN

    @property
    def trainings(self) -> list[int]:
        return [len(each) for each in self.values]

    def scores(self, model: int, training: int, weights: Weights) -> dict[Measure, Values]:
        return {MEAN: weights @ self.values[model][training] / weights.sum(axis=1)}

    def exchanged(
        self, one: tuple[int, int], other: tuple[int, int], swapped: npt.NDArray[np.bool_]
    ) -> dict[Measure, Values]:
        difference = self.values[other[0]][other[1]] - self.values[one[0]][one[1]]
        return {MEAN: np.where(swapped, -difference, difference).mean(axis=1)}


def compared(values: Sequence[Sequence[Values]], resampling: Resampling) -> list[Difference]:
    scores = MeanScores(values)
    weights = resampling.weights(scores.images)
    estimates = [model_estimates(scores, model, weights, resampling) for model in range(len(values))]
    return paired_differences(scores, estimates, resampling)


def test_the_difference_is_the_later_model_minus_the_earlier_one() -> None:
    [found] = compared([[np.array([0.1, 0.2, 0.3])], [np.array([0.2, 0.4, 0.6])]], Resampling(200))
    assert (found.of, found.less, found.measure) == (1, 0, MEAN)
    assert found.estimate.value == pytest.approx(0.2)
    assert found.p == found.p_holm == pytest.approx(1.0 * found.p)


def test_the_exact_p_value_of_few_images_is_approached() -> None:
    # Of the 2^5 exchanges of five equal differences, the two without a mixture are as large as the actual one.
    [found] = compared([[np.zeros(5)], [np.ones(5)]], Resampling(4000))
    assert found.p == pytest.approx(2 / 32, abs=0.012)


def test_intervals_of_200_known_differences_hold_them_in_92_to_98_percent_of_cases() -> None:
    held = 0
    for case in range(200):
        rng = np.random.default_rng(case)
        images = rng.normal(0.5, 0.3, 80)  # easy and hard ones, for both alike
        one, other = (images + rng.normal(shift, 0.1, 80) for shift in (0.0, 0.02))
        [found] = compared([[one], [other]], Resampling(300, case))
        interval = found.estimate.interval(0.95)
        assert interval["low"] is not None
        assert interval["high"] is not None
        held += interval["low"] <= 0.02 <= interval["high"]
    assert 0.92 <= held / 200 <= 0.98


def test_a_true_null_is_rejected_in_3_to_7_percent_of_cases() -> None:
    rejected = 0
    for case in range(400):
        rng = np.random.default_rng(case)
        [found] = compared([[rng.random(60)], [rng.random(60)]], Resampling(200, case))
        assert found.p is not None
        rejected += found.p < 0.05
    assert 0.03 <= rejected / 400 <= 0.07


def test_trainings_with_other_seeds_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    images = rng.random(500)
    trainings = [[images + shift for shift in (-0.05, 0.0, 0.05)], [images + shift for shift in (-0.04, 0.02, 0.05)]]
    [found] = compared(trainings, Resampling(2000))
    # Each model's mean of three trainings with a standard deviation of 0.05; the images are the same for all.
    spread = np.sqrt(np.var([-0.05, 0.0, 0.05], ddof=1) / 3 + np.var([-0.04, 0.02, 0.05], ddof=1) / 3)
    assert found.estimate.replicates.std() == pytest.approx(spread, rel=0.1)
    [single] = compared([each[1:2] for each in trainings], Resampling(2000))
    assert single.estimate.replicates.std() < 1e-9


def test_models_of_other_numbers_of_trainings_are_compared_in_pairs() -> None:
    rng = np.random.default_rng(0)
    images = rng.random(50)
    values = [[images, images + 0.1], [images + 0.3, images + 0.4, images + 0.5]]
    [found] = compared(values, Resampling(300))
    assert found.estimate.value == pytest.approx(0.35)
    assert found.p == pytest.approx(1 / 301)


def test_holms_method() -> None:
    assert holm([0.01, 0.04, 0.03, None]) == [pytest.approx(0.03), pytest.approx(0.06), pytest.approx(0.06), None]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_headlines_of_all_pairs_are_one_family() -> None:
    rng = np.random.default_rng(1)
    values = [[rng.random(40)] for _ in range(3)]
    found = compared(values, Resampling(500))
    assert [(each.of, each.less) for each in found] == [(1, 0), (2, 0), (2, 1)]
    assert [each.p_holm for each in found] == holm([each.p for each in found])


def test_undefined_scores_have_no_p_value() -> None:
    assert p_value(None, np.zeros(3)) is None
    assert p_value(0.1, np.full(3, np.nan)) is None
    assert p_value(0.1, np.array([0.0, np.nan, -0.1])) == pytest.approx(2 / 3)


def test_the_number_of_images_needed_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(0)
    shift, spread = 0.03, 0.2
    difference = rng.normal(shift, spread, 100_000)
    weights = Resampling(500).weights(200)
    stated = []
    for start in range(0, 20_000, 200):
        values = weights @ difference[start : start + 200] / 200
        stated.append(images_needed(BootstrapEstimate(shift, values), 200, 0.95))

    def power(images: int) -> float:
        samples = rng.choice(difference, (400, images))
        return float((np.abs(samples.mean(axis=1)) > 1.96 * samples.std(axis=1) / np.sqrt(images)).mean())

    needed = next(images for images in range(50, 2000, 25) if power(images) >= 0.8)
    assert needed / 2 <= float(np.median([each for each in stated if each is not None])) <= needed * 2
    assert images_needed(BootstrapEstimate(0.0, np.zeros(10)), 200, 0.95) is None
