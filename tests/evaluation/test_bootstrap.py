"""Draws of images, and the intervals that they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import DataError
from maskwright.evaluation.bootstrap import (
    BootstrapEstimate,
    bootstrap_estimate,
    bootstrap_weights,
    defined_mean,
    ratio,
    require_sampled_classes,
    require_sampled_images,
    with_original_sample,
)


@given(st.integers(1, 30), st.integers(0, 20), st.integers(0, 1000))
def test_every_draw_has_as_many_images_as_the_sample(images: int, samples: int, seed: int):
    weights = bootstrap_weights(images, samples, seed)
    assert weights.shape == (samples, images)
    assert (weights.sum(axis=1) == images).all()
    assert (weights >= 0).all()
    assert np.array_equal(weights, bootstrap_weights(images, samples, seed))


def test_no_images_can_be_drawn_too():
    assert bootstrap_weights(0, 3, 0).shape == (3, 0)


def test_images_are_drawn_as_often_one_as_the_other():
    often = bootstrap_weights(5, 20_000, 0).mean(axis=0)
    assert often == pytest.approx(np.ones(5), abs=0.03)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.floats(0.5, 0.9))
def test_an_interval_widens_with_its_level_and_stays_within_the_draws(values: list[float], level: float):
    replicates = np.array(values)
    narrow, wide = (BootstrapEstimate(0.0, replicates).interval(share) for share in (level, 0.95))
    assert replicates.min() <= wide["low"] <= narrow["low"] <= narrow["high"] <= wide["high"] <= replicates.max()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.floats(0, 1))
def test_the_ends_of_an_interval_are_numpys_quantiles_to_the_last_bit(values: list[float], level: float):
    interval = BootstrapEstimate(0.0, np.array(values)).interval(level)
    ends = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="weibull")
    assert [interval["low"], interval["high"]] == ends.tolist()


def test_draws_without_a_number_are_left_out_and_nothing_has_no_interval():
    assert BootstrapEstimate(1.0, np.array([np.nan, 2.0, np.nan])).interval(0.9) == {
        "value": 1.0,
        "low": 2.0,
        "high": 2.0,
    }
    assert BootstrapEstimate(1.0, np.full(3, np.nan)).interval(0.9) == {"value": 1.0, "low": None, "high": None}
    assert BootstrapEstimate(None, np.ones(3)).interval(0.9) == {"value": None, "low": None, "high": None}
    assert bootstrap_estimate(np.array([np.nan, 1.0])).value is None


def test_paired_draws_cancel_what_both_share():
    """Two models that differ by a constant on every image: the difference is certain, neither number is."""
    rng = np.random.default_rng(0)
    quality = rng.random(40)
    weights = with_original_sample(bootstrap_weights(40, 500, 1))
    one, other = (bootstrap_estimate(weights @ (quality + gain) / 40) for gain in (0.0, 0.1))
    paired = other.minus(one).interval(0.95)
    assert [paired[key] for key in ("value", "low", "high")] == pytest.approx([0.1] * 3)
    alone = other.interval(0.95)
    assert alone["high"] - alone["low"] > 0.1


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """The mean of 60 exponential numbers: 95 % intervals of 200 samples hold 1 in about 95 of 100 (here 92 to 95)."""
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        weights = with_original_sample(bootstrap_weights(60, 400, trial))
        interval = bootstrap_estimate(weights @ rng.exponential(size=60) / 60).interval(0.95)
        held += interval["low"] <= 1 <= interval["high"]
    assert 0.88 <= held / 200 <= 0.98


def test_means_and_ratios_of_nothing_are_no_number():
    values = np.array([[1.0, np.nan], [np.nan, np.nan]])
    assert np.array_equal(defined_mean(values, axis=1), [1.0, np.nan], equal_nan=True)
    assert np.array_equal(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, np.nan], equal_nan=True)


def test_more_classes_or_images_than_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASKWRIGHT_LIMIT_RESAMPLED_CLASSES", "3")
    monkeypatch.setenv("MASKWRIGHT_LIMIT_RESAMPLED_IMAGES", "500")
    require_sampled_classes("labels.json", 3)
    require_sampled_images(5, 100)
    with pytest.raises(DataError, match=r"labels\.json: .* 4 classes.*--limit resampled-classes"):
        require_sampled_classes("labels.json", 4)
    with pytest.raises(DataError, match=r"6 images are 600 in 100 .*--limit resampled-images"):
        require_sampled_images(6, 100)
