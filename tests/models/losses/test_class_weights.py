"""Class weights against the formulas of their papers, on counts small enough to follow by hand."""

import numpy as np
import pytest

from maskwright.models.losses.class_weights import (
    RULES,
    class_weights,
    effective_number,
    inverse_frequency,
    median_frequency,
)

# Three images of 100 counted pixels: background everywhere, class 1 in two of them, class 2 in one, class 3 in none.
PIXELS = np.array([[80, 20, 0, 0], [50, 40, 10, 0], [100, 0, 0, 0]])


def test_inverse_frequency_lets_every_class_weigh_the_same_in_total() -> None:
    assert inverse_frequency(PIXELS) * PIXELS.sum(axis=0) == pytest.approx([1, 1, 1, 0])


def test_median_frequency_counts_only_the_images_that_show_a_class() -> None:
    # Eigen & Fergus: frequencies 230/300, 60/200 and 10/100; their median is that of class 1.
    assert median_frequency(PIXELS) == pytest.approx([0.3 / (230 / 300), 1.0, 3.0, 0.0])


def test_effective_number_counts_images_with_diminishing_returns() -> None:
    # Cui et al., proposition: the effective number of n samples is (1 − β^n) / (1 − β) = 1 + β + … + β^(n−1).
    assert effective_number(PIXELS, 0.9) == pytest.approx([1 / (1 + 0.9 + 0.81), 1 / 1.9, 1.0, 0.0])


@pytest.mark.parametrize(("beta", "expected"), [(0.0, [1, 1, 1, 0]), (1 - 1e-9, [1 / 3, 1 / 2, 1, 0])])
def test_effective_number_lies_between_no_weights_and_inverse_image_frequency(
    beta: float, expected: list[float]
) -> None:
    assert effective_number(PIXELS, beta) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_the_mean_weight_of_a_pixel_is_one_and_rare_classes_weigh_more(rule: str) -> None:
    weights = class_weights(rule, PIXELS)
    assert weights.dtype == np.float32
    assert (weights * PIXELS.sum(axis=0)).sum() / PIXELS.sum() == pytest.approx(1)
    assert weights[2] > weights[1] > weights[0] > 0
    assert weights[3] == 0


@pytest.mark.parametrize("rule", RULES)
def test_masks_without_a_counted_pixel_give_finite_weights(rule: str) -> None:
    assert class_weights(rule, np.zeros((2, 3), np.int64)).tolist() == [0, 0, 0]
