"""What adds up over images, against the same formulas over all pixels at once."""

import numpy as np
import pytest

from maskwright.evaluation.semantic.boundary import boundary, boundary_width
from maskwright.evaluation.semantic.counts import SemanticCounts
from maskwright.evaluation.semantic.scores import PROTOCOL

NAMES = ["background", "person", "dog", "cake"]


@pytest.fixture
def images() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Truth with ignored pixels and without cakes, prediction without cakes, and confidence."""
    rng = np.random.default_rng(0)
    found = []
    for size in ((31, 40), (17, 5), (64, 64)):
        truth = rng.integers(0, 3, size, np.uint8).repeat(2, axis=1)
        prediction = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 3, truth.shape)).astype(np.uint8)
        prediction[prediction == 3] = 0
        truth[rng.random(truth.shape) < 0.1] = 255
        prediction[prediction == 255] = 0
        found.append((truth, prediction, rng.random(truth.shape, np.float32)))
    return found


@pytest.fixture
def counts(images: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> SemanticCounts:
    counts = SemanticCounts.none(4)
    for truth, prediction, confidence in images:
        counts.add(truth, prediction, 255)
        counts.add_details(truth, prediction, confidence, 255)
    return counts


def test_the_matrix_holds_every_pixel_that_is_not_ignored(counts, images):
    found = np.array(counts.detailed_scores(NAMES)["confusion"]["pixels"])
    for true, predicted in np.ndindex(4, 4):
        assert found[true, predicted] == sum(int(((t == true) & (p == predicted)).sum()) for t, p, _ in images)


def test_boundary_iou_is_that_of_all_boundaries_together(counts, images):
    scores = counts.detailed_scores(NAMES)
    expected = []
    for label, name in enumerate(NAMES[:3]):
        both = either = 0
        for truth, prediction, _ in images:
            true, predicted = (
                boundary((labels == label) & (truth != 255), boundary_width(truth.shape))
                for labels in (truth, prediction)
            )
            both, either = both + int((true & predicted).sum()), either + int((true | predicted).sum())
        expected.append(both / either)
        assert scores["classes"][name]["boundary_IoU"] == pytest.approx(both / either, abs=1e-12)
    assert scores["boundary_mIoU"] == pytest.approx(np.mean(expected), abs=1e-12)


def test_calibration_is_that_of_all_pixels_together(counts, images):
    confidence = np.concatenate([c[t != 255] for t, _, c in images]).astype(np.float64)
    right = np.concatenate([(p == t)[t != 255] for t, p, _ in images])
    scores = counts.detailed_scores(NAMES)["calibration"]
    error = 0.0
    for number, each in enumerate(scores["bins"]):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        assert each["count"] == inside.sum()
        assert each["accuracy"] == pytest.approx(right[inside].mean(), abs=1e-12)
        assert each["confidence"] == pytest.approx(confidence[inside].mean(), abs=1e-9)
        error += abs(right[inside].mean() - confidence[inside].mean()) * inside.sum() / len(right)
    assert scores["ECE"] == pytest.approx(error, abs=1e-9)


def test_a_class_that_is_nowhere_is_absent_from_scores_and_means(counts):
    scores = counts.detailed_scores(NAMES)
    assert set(scores["classes"]["cake"].values()) == {None}
    assert scores["boundary_mIoU"] is not None
    assert scores["confusion"]["names"] == NAMES
    assert scores["protocol"] == PROTOCOL


def test_details_add_to_the_plain_scores_and_change_none(counts):
    plain, detailed = counts.scores(NAMES), counts.detailed_scores(NAMES)
    assert {key: detailed[key] for key in plain if key != "classes"} == {
        k: v for k, v in plain.items() if k != "classes"
    }
    for name in NAMES:
        assert plain["classes"][name].items() <= detailed["classes"][name].items()


def test_nothing_counted_has_no_scores():
    scores = SemanticCounts.none(2).detailed_scores(["background", "person"])
    assert scores["mIoU"] is scores["boundary_mIoU"] is scores["calibration"]["ECE"] is None
