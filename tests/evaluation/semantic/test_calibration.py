import numpy as np
import pytest
from hotcoco import metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.semantic.calibration import calibration_scores, empty_bins, pixel_reliability, reliability


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20))
def test_errors_equal_those_of_another_implementation(seed: int, count: int, bins: int):
    # Off the edges of bins, on which the two differ by convention.
    rng = np.random.default_rng(seed)
    confidence, correct = rng.random(count), rng.random(count) < 0.5
    scores = calibration_scores(reliability(confidence, correct, bins))
    ece, mce = metrics.calibration_error(confidence, correct, bins)
    assert scores["ECE"] == pytest.approx(ece, abs=1e-12)
    assert scores["MCE"] == pytest.approx(mce, abs=1e-12)
    assert sum(each["count"] for each in scores["bins"]) == count


def test_bins_of_parts_add_up_to_those_of_the_whole():
    rng = np.random.default_rng(0)
    confidence, correct = rng.random(100), rng.random(100) < 0.5
    bins = empty_bins()
    for part in np.array_split(np.arange(100), 7):
        bins += reliability(confidence[part], correct[part])
    np.testing.assert_allclose(bins, reliability(confidence, correct), rtol=1e-12)


def test_edges_belong_to_the_bin_below_and_0_to_the_first():
    bins = reliability(np.array([0.0, 0.5, 0.51, 1.0]), np.ones(4, bool), bins=2)
    assert bins[:, 0].tolist() == [2, 2]


def test_sure_and_right_is_calibrated_and_sure_and_wrong_is_not():
    sure = np.ones(5)
    assert calibration_scores(reliability(sure, np.ones(5, bool)))["ECE"] == 0.0
    assert calibration_scores(reliability(sure, np.zeros(5, bool)))["ECE"] == 1.0


def test_nothing_predicted_has_no_error():
    scores = calibration_scores(empty_bins(3))
    assert scores["ECE"] is scores["MCE"] is scores["bins"][0]["accuracy"] is None


def test_pixels_count_by_the_probability_of_what_was_predicted_without_the_ignored():
    confidence = np.array([[0.9, 0.8, 0.6, 0.5]], np.float32)
    prediction, truth = np.array([[0, 1, 1, 0]], np.uint8), np.array([[0, 0, 1, 255]], np.uint8)
    bins = pixel_reliability(confidence, prediction, truth, ignore_index=255, bins=10)
    assert bins[:, 0].sum() == 3
    assert bins[:, 2].sum() == 2
    assert bins[:, 1].sum() == pytest.approx(0.9 + 0.8 + 0.6)


def test_what_is_no_confidence_is_refused():
    with pytest.raises(ValueError, match="expected 0 to 1"):
        reliability(np.array([1.5]), np.array([True]))
    with pytest.raises(ValueError, match="one shape"):
        reliability(np.array([0.5, 0.6]), np.array([True]))
