"""Cross-entropy against the formula written out in NumPy."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.pixel_weights import pixel_weights
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch


def by_hand(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the mean of −log softmax at the true class over the counted pixels."""
    softmax, truth = counted_pixels(logits, labels)
    return float(-np.log(softmax[np.arange(len(truth)), truth]).mean())


@pytest.mark.parametrize("ignored", [0.0, 0.3, 0.9])
def test_equals_the_mean_log_softmax_over_counted_pixels(ignored: float) -> None:
    logits, labels = random_batch(ignored)
    assert cross_entropy(logits, labels, IGNORE).item() == pytest.approx(by_hand(logits, labels), rel=1e-12)


def test_ignored_pixels_have_no_gradient_and_the_others_have() -> None:
    logits, labels = random_batch()
    cross_entropy(logits, labels, IGNORE).backward()
    assert logits.grad is not None
    moved = logits.grad.abs().sum(dim=1) > 0
    assert torch.equal(moved, labels != IGNORE)


def test_equal_weights_change_nothing() -> None:
    logits, labels = random_batch()
    weights = 3.0 * (labels != IGNORE)
    weighted = cross_entropy(logits, labels, IGNORE, weights).item()
    assert weighted == pytest.approx(cross_entropy(logits, labels, IGNORE).item(), rel=1e-12)


def test_class_weights_mean_what_they_mean_in_torch() -> None:
    logits, labels = random_batch()
    classes = torch.tensor([0.2, 3.0, 1.0, 0.0], dtype=torch.float64)
    theirs = functional.cross_entropy(logits, labels, weight=classes, ignore_index=IGNORE)
    ours = cross_entropy(logits, labels, IGNORE, pixel_weights(labels, IGNORE, classes))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)
