"""Soft counts: with certain predictions they equal the counts of a confusion matrix."""

import numpy as np
import pytest
import torch

from maskwright.models.losses.soft_counts import by_class, mean_over_present, soft_counts
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch


def test_certain_predictions_give_the_counts_of_the_confusion_matrix() -> None:
    _, labels = random_batch()
    predicted = torch.randint(0, 4, labels.shape, generator=torch.Generator().manual_seed(1))
    logits = 1e4 * torch.nn.functional.one_hot(predicted, 4).permute(0, 3, 1, 2).double()
    counted = labels != IGNORE
    confusion = np.zeros((4, 4))
    np.add.at(confusion, (labels[counted].numpy(), predicted[counted].numpy()), 1)
    counts = soft_counts(logits, labels, IGNORE)
    hits = np.diag(confusion)
    assert counts.true_positive.tolist() == hits.tolist()
    assert counts.false_positive.tolist() == (confusion.sum(axis=0) - hits).tolist()
    assert counts.false_negative.tolist() == (confusion.sum(axis=1) - hits).tolist()
    assert counts.truth.tolist() == confusion.sum(axis=1).tolist()


def test_by_class_is_softmax_and_truth_with_nothing_at_ignored_pixels() -> None:
    logits, labels = random_batch()
    softmax, truth = counted_pixels(logits, labels)
    probabilities, one_hot = (array.detach().numpy() for array in by_class(logits, labels, IGNORE))
    counted = labels.numpy().ravel() != IGNORE
    np.testing.assert_allclose(probabilities[:, counted].T, softmax, rtol=1e-12)
    assert np.array_equal(one_hot[:, counted].argmax(axis=0), truth)
    assert not probabilities[:, ~counted].any()
    assert not one_hot[:, ~counted].any()


def test_infinity_at_an_ignored_pixel_stays_there() -> None:
    logits, labels = random_batch()
    spoilt = torch.where((labels == IGNORE)[:, None], torch.inf, logits)
    for value, expected in zip(soft_counts(spoilt, labels, IGNORE), soft_counts(logits, labels, IGNORE), strict=True):
        assert torch.equal(value, expected)


@pytest.mark.parametrize(("truth", "expected"), [([3, 0, 1], 4.0), ([0, 0, 2], 7.0), ([0, 0, 0], 0.0)])
def test_the_mean_is_over_the_classes_that_have_pixels(truth: list[float], expected: float) -> None:
    assert mean_over_present(torch.tensor([1.0, 5.0, 7.0]), torch.tensor(truth)).item() == expected
