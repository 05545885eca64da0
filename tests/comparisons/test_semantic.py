"""Paired scores of semantic models against the confusion matrices of label maps that are really exchanged."""

import numpy as np
import pytest

from maskwright.comparisons.paired import Measure
from maskwright.comparisons.semantic import SemanticModels
from maskwright.evaluation.semantic.intervals import class_pixels
from maskwright.evaluation.semantic.scores import Confusion, confusion, semantic_scores

NAMES = ["background", "dog", "kite"]


def counted(seed: int, quality: float) -> list[Confusion]:
    """The confusion matrices of four images; the truth is the same for all seeds."""
    rng, truths = np.random.default_rng(seed), np.random.default_rng(0).integers(0, 3, (4, 9, 9)).astype(np.uint8)
    predictions = np.where(rng.random((4, 9, 9)) < quality, truths, rng.integers(0, 3, (4, 9, 9))).astype(np.uint8)
    return [confusion(truth, found, 3, 255) for truth, found in zip(truths, predictions, strict=True)]


ONE, OTHER = counted(1, 0.5), counted(2, 0.8)


def models() -> SemanticModels:
    none = np.zeros((3, 2), np.int64)
    return SemanticModels(NAMES, [[np.stack([class_pixels(each, none) for each in model])] for model in (ONE, OTHER)])


def test_scores_are_those_of_the_confusion_matrix() -> None:
    found = models().scores(1, 0, np.array([[1, 1, 1, 1], [2, 0, 1, 1]]))
    for place, weights in enumerate(([1, 1, 1, 1], [2, 0, 1, 1])):
        theirs = semantic_scores(sum(w * each for w, each in zip(weights, OTHER, strict=True)), NAMES)
        assert found[Measure("mIoU")][place] == pytest.approx(theirs["mIoU"], abs=1e-12)
        assert found[Measure("IoU", "kite")][place] == pytest.approx(theirs["classes"]["kite"]["IoU"], abs=1e-12)


def test_exchanges_are_those_of_the_label_maps() -> None:
    swap = np.array([True, False, False, True])
    found = models().exchanged((0, 0), (1, 0), swap[None])
    first = sum(other if swapped else one for one, other, swapped in zip(ONE, OTHER, swap, strict=True))
    second = sum(one if swapped else other for one, other, swapped in zip(ONE, OTHER, swap, strict=True))
    for key in ("mIoU", "mean_dice", "pixel_accuracy"):
        expected = semantic_scores(second, NAMES)[key] - semantic_scores(first, NAMES)[key]
        assert found[Measure(key)][0] == pytest.approx(expected, abs=1e-12)


def test_the_score_of_an_image_is_its_mean_iou() -> None:
    values = models().image_scores(0)
    assert values == pytest.approx([semantic_scores(each, NAMES)["mIoU"] for each in ONE])
