"""Figures: quantiles by hand, and the time of an image at another size."""

import pytest

from maskwright.recipes.fitting.figures import StepCost, quantile
from tests.recipes.fitting.invented import data


def test_quantiles_are_interpolated() -> None:
    assert quantile([], 0.5) == 0
    assert quantile([7], 0.9) == 7
    assert quantile([1, 2, 3, 4, 5], 0.25) == 2
    assert quantile([0, 10], 0.3) == pytest.approx(3)
    assert data(sides=(0.1, 0.2, 0.3)).side(0.5) == pytest.approx(0.2)


def test_the_network_s_part_grows_with_the_pixels_and_loading_does_not() -> None:
    cost = StepCost(0.4, 200, loading=0.01)
    assert cost.at(200) == pytest.approx(0.41)
    assert cost.at(100) == pytest.approx(0.11)
