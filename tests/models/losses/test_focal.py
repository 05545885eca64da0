"""Focal loss against its formula in NumPy."""

import numpy as np
import pytest
import torch

from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.focal import focal
from maskwright.models.losses.pixel_weights import pixel_weights
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch

CLASSES = torch.tensor([0.2, 3.0, 1.0, 0.7], dtype=torch.float64)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_equals_the_weighted_mean_of_the_formula(gamma: float) -> None:
    logits, labels = random_batch()
    softmax, truth = counted_pixels(logits, labels)
    right, alpha = softmax[np.arange(len(truth)), truth], CLASSES.numpy()[truth]
    expected = (alpha * -((1 - right) ** gamma) * np.log(right)).sum() / alpha.sum()
    ours = focal(logits, labels, IGNORE, pixel_weights(labels, IGNORE, CLASSES), gamma)
    assert ours.item() == pytest.approx(expected, rel=1e-10)


def test_gamma_zero_is_cross_entropy() -> None:
    logits, labels = random_batch()
    ours = focal(logits, labels, IGNORE, pixel_weights(labels, IGNORE), 0.0)
    assert ours.item() == pytest.approx(cross_entropy(logits, labels, IGNORE).item(), rel=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_a_pixel_that_is_certainly_right_has_a_finite_gradient(gamma: float) -> None:
    logits = torch.tensor([200.0, 0.0]).view(1, 2, 1, 1).requires_grad_()
    labels = torch.zeros(1, 1, 1, dtype=torch.int64)
    focal(logits, labels, IGNORE, torch.ones(1, 1, 1), gamma).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
