"""Semantic scores against plain NumPy over all pixels of the data set."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.evaluation.semantic.scores import baseline, confusion, semantic_scores

Maps = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@st.composite
def datasets(draw: st.DrawFn) -> tuple[list[Maps], int]:
    """Truth and prediction of a few images, and how many classes there are, background among them."""
    classes = draw(st.integers(1, 5))
    label = st.integers(0, classes - 1)
    shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))
    sizes = draw(st.lists(shapes, min_size=1, max_size=3))
    return [
        (
            draw(arrays(np.uint8, size, elements=label | st.just(255))),
            draw(arrays(np.uint8, size, elements=label)),
        )
        for size in sizes
    ], classes


def pixels(images: list[Maps]) -> Maps:
    """Truth and prediction of every pixel that counts."""
    truth = np.concatenate([truth.ravel() for truth, _ in images])
    prediction = np.concatenate([prediction.ravel() for _, prediction in images])
    return truth[truth != 255], prediction[truth != 255]


def counted(images: list[Maps], classes: int) -> npt.NDArray[np.int64]:
    counts = np.zeros((classes, classes), np.int64)
    for truth, prediction in images:
        counts += confusion(truth, prediction, classes, 255)
    return counts


@settings(max_examples=60)
@given(datasets())
def test_the_confusion_matrix_counts_every_pixel_of_the_data_set_but_the_ignored(dataset: Any):
    images, classes = dataset
    expected = np.zeros((classes, classes), np.int64)
    np.add.at(expected, pixels(images), 1)
    assert counted(images, classes).tolist() == expected.tolist()


@settings(max_examples=60)
@given(datasets())
def test_scores_are_ratios_of_pixel_sets_over_the_data_set(dataset: Any):
    images, classes = dataset
    truth, prediction = pixels(images)
    scores = semantic_scores(counted(images, classes), [str(i) for i in range(classes)])
    expected: dict[str, list[float]] = {"IoU": [], "Dice": [], "accuracy": [], "precision": []}
    for i in range(classes):
        true, predicted = truth == i, prediction == i
        both, either = (true & predicted).sum(), (true | predicted).sum()
        ratios = {
            "IoU": (both, either),
            "Dice": (2 * both, true.sum() + predicted.sum()),
            "accuracy": (both, true.sum()),
            "precision": (both, predicted.sum()),
        }
        for key, (part, whole) in ratios.items():
            assert scores["classes"][str(i)][key] == (pytest.approx(part / whole, abs=1e-12) if whole else None)
            expected[key] += [part / whole] if whole else []
    means = {"mIoU": "IoU", "mean_dice": "Dice", "mean_accuracy": "accuracy", "mean_precision": "precision"}
    for mean, key in means.items():
        assert scores[mean] == (pytest.approx(np.mean(expected[key]), abs=1e-12) if expected[key] else None)
    accuracy = pytest.approx((truth == prediction).mean(), abs=1e-12) if truth.size else None
    assert scores["pixel_accuracy"] == accuracy


def test_a_class_in_neither_truth_nor_prediction_is_none_and_in_no_mean():
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    scores = semantic_scores(confusion(truth, truth, 3, 255), ["background", "person", "dog"])
    assert scores["classes"]["dog"] == dict.fromkeys(("IoU", "Dice", "accuracy", "precision", "recall"))
    assert scores["mIoU"] == scores["mean_dice"] == scores["mean_accuracy"] == 1.0


def test_a_class_that_is_only_predicted_counts_as_zero_but_has_no_accuracy():
    truth, prediction = np.array([[0, 0]], np.uint8), np.array([[0, 1]], np.uint8)
    scores = semantic_scores(confusion(truth, prediction, 2, 255), ["background", "person"])
    expected = {"IoU": 0.0, "Dice": 0.0, "accuracy": None, "precision": 0.0, "recall": None}
    assert scores["classes"]["person"] == expected
    assert scores["mIoU"] == 0.25
    assert scores["mean_accuracy"] == 0.5


def test_the_mean_is_not_over_images():
    # A person fills a large image and is found; a small image misses its only person pixel.
    large, small = np.ones((1, 99), np.uint8), np.ones((1, 1), np.uint8)
    counts = confusion(large, large, 2, 255) + confusion(small, np.zeros_like(small), 2, 255)
    assert semantic_scores(counts, ["background", "person"])["classes"]["person"]["IoU"] == 0.99


def test_ignored_truth_counts_neither_for_nor_against_any_class():
    truth = np.array([[1, 255, 255, 0]], np.uint8)
    scores = [
        semantic_scores(confusion(truth, np.array([[1, a, b, 0]], np.uint8), 2, 255), ["background", "person"])
        for a, b in ((0, 0), (1, 0), (1, 1))
    ]
    assert scores[0] == scores[1] == scores[2]
    assert scores[0]["mIoU"] == 1.0


def test_sixteen_bit_maps_ignore_65535_and_count_255():
    truth = np.array([[255, 299, 65535]], np.uint16)
    counts = confusion(truth, np.array([[255, 299, 3]], np.uint16), 300, 65535)
    assert counts[255, 255] == counts[299, 299] == 1
    assert counts.sum() == 2


def test_nothing_to_count_has_no_scores():
    everything_ignored = np.full((2, 2), 255, np.uint8)
    scores = semantic_scores(
        confusion(everything_ignored, np.zeros((2, 2), np.uint8), 2, 255), ["background", "person"]
    )
    assert scores["mIoU"] is None
    assert scores["pixel_accuracy"] is None


@settings(max_examples=30)
@given(datasets())
def test_the_baseline_is_the_score_of_an_all_background_prediction(dataset: Any):
    images, classes = dataset
    nothing = [(truth, np.zeros_like(prediction)) for truth, prediction in images]
    assert baseline(counted(images, classes)).tolist() == counted(nothing, classes).tolist()


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        confusion(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 2, 255)


@pytest.mark.parametrize("which", ["truth", "prediction"])
def test_a_label_outside_the_classes_is_refused(which: str):
    maps = {"truth": np.zeros((2, 2), np.uint8), "prediction": np.zeros((2, 2), np.uint8)}
    maps[which][0, 0] = 2
    with pytest.raises(ValueError, match="2"):
        confusion(maps["truth"], maps["prediction"], 2, 255)


def test_precision_is_of_what_was_predicted_and_recall_of_what_is_there():
    truth, prediction = np.array([[1, 1, 1, 0]], np.uint8), np.array([[1, 0, 0, 0]], np.uint8)
    scores = semantic_scores(confusion(truth, prediction, 2, 255), ["background", "person"])
    person = scores["classes"]["person"]
    assert (person["precision"], person["recall"]) == (1.0, pytest.approx(1 / 3))
    assert person["accuracy"] == person["recall"]
    assert scores["mean_precision"] == pytest.approx((1 + 1 / 3) / 2)


def test_pixels_predicted_as_none_of_the_classes_are_misses_of_theirs():
    truth, prediction = np.array([[1, 1, 0, 0]], np.uint8), np.array([[1, 2, 0, 2]], np.uint8)
    counts = confusion(truth, prediction, 3, 255)[:2]
    scores = semantic_scores(counts, ["background", "person"])
    assert scores["classes"]["person"] == {"IoU": 0.5, "Dice": 2 / 3, "accuracy": 0.5, "precision": 1.0, "recall": 0.5}
    assert scores["pixel_accuracy"] == 0.5
