"""Intervals of semantic scores against the scores of each resample's own confusion matrix."""

import numpy as np
import pytest

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.semantic.boundary import boundary_counts, with_boundary_scores
from maskwright.evaluation.semantic.intervals import class_pixels, semantic_intervals
from maskwright.evaluation.semantic.scores import confusion, semantic_scores

NAMES = ["background", "dog", "kite"]
RESAMPLING = Resampling(40, 3)


def images(count: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Confusion matrices and boundary counts of images, some without a kite."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        truth = rng.integers(0, 3 if number % 2 else 2, (12, 12)).astype(np.uint8)
        prediction = np.where(rng.random((12, 12)) < 0.6, truth, rng.integers(0, 2, (12, 12))).astype(np.uint8)
        found.append((confusion(truth, prediction, 3, 255), boundary_counts(truth, prediction, 3, 255)))
    return found


def test_intervals_are_the_quantiles_of_the_scores_of_each_resample() -> None:
    counted = images()
    found = semantic_intervals([class_pixels(*each) for each in counted], NAMES, RESAMPLING)
    resampled = []
    for weights in RESAMPLING.weights(5):
        matrix = sum(weight * each for weight, (each, _) in zip(weights, counted, strict=True))
        edges = sum(weight * each for weight, (_, each) in zip(weights, counted, strict=True))
        resampled.append(with_boundary_scores(semantic_scores(matrix, NAMES), edges, NAMES))
    for key in ("mIoU", "mean_dice", "pixel_accuracy", "boundary_mIoU"):
        low, high = np.quantile([each[key] for each in resampled], [0.025, 0.975], method="weibull")
        assert (found[key]["low"], found[key]["high"]) == (
            pytest.approx(low, abs=1e-12),
            pytest.approx(high, abs=1e-12),
        )
    for name in NAMES:
        for key in ("IoU", "Dice", "boundary_IoU"):
            values = [each["classes"][name][key] for each in resampled]
            low, high = np.quantile([value for value in values if value is not None], [0.025, 0.975], method="weibull")
            interval = found["classes"][name][key]
            assert (interval["low"], interval["high"]) == (pytest.approx(low), pytest.approx(high))


def test_values_are_those_of_all_images() -> None:
    counted = images()
    found = semantic_intervals([class_pixels(*each) for each in counted], NAMES, RESAMPLING)
    scores = semantic_scores(sum(each for each, _ in counted), NAMES)
    for key in ("mIoU", "mean_dice", "pixel_accuracy"):
        assert found[key]["value"] == pytest.approx(scores[key], abs=1e-12)


def test_predictions_of_none_of_the_classes_are_misses() -> None:
    matrix = np.array([[4, 0, 1], [0, 3, 2], [0, 0, 0]])
    assert class_pixels(matrix, np.zeros((2, 2), np.int64)).tolist() == [[4, 3], [5, 5], [4, 3], [0, 0], [0, 0]]


def test_boundaries_that_were_not_counted_have_no_interval() -> None:
    counts = [class_pixels(matrix, np.zeros((3, 2), np.int64)) for matrix, _ in images()]
    assert "boundary_mIoU" not in semantic_intervals(counts, NAMES, RESAMPLING)


def test_no_image_has_no_interval() -> None:
    found = semantic_intervals([], NAMES, RESAMPLING)
    assert found["mIoU"] == {"value": None, "low": None, "high": None}
    assert found["images"] == 0
