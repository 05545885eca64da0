"""Cross-entropy against the formula written out in NumPy."""

import numpy as np
import pytest
import torch

from maskwright.models.losses.cross_entropy import cross_entropy

IGNORE = 255


def random_batch(ignored: float = 0.3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    logits = 4 * torch.randn(2, 4, 5, 7, generator=generator)
    labels = torch.randint(0, 4, (2, 5, 7), generator=generator)
    labels[torch.rand(2, 5, 7, generator=generator) < ignored] = IGNORE
    return logits.requires_grad_(), labels


def by_hand(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean of −log softmax at the true class over the counted pixels."""
    pixels, truth = logits.transpose(0, 2, 3, 1).reshape(-1, logits.shape[1]).astype(np.float64), labels.ravel()
    log_softmax = pixels - np.log(np.exp(pixels).sum(axis=1, keepdims=True))
    counted = np.flatnonzero(truth != IGNORE)
    return float(-log_softmax[counted, truth[counted]].mean())


@pytest.mark.parametrize("ignored", [0.0, 0.3, 0.9])
def test_equals_the_mean_log_softmax_over_counted_pixels(ignored: float) -> None:
    logits, labels = random_batch(ignored)
    expected = by_hand(logits.detach().numpy(), labels.numpy())
    assert cross_entropy(logits, labels, IGNORE).item() == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_a_counted_pixel_has_loss_zero_and_finite_gradients() -> None:
    logits, labels = random_batch()
    loss = cross_entropy(logits, torch.full_like(labels, IGNORE), IGNORE)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_ignored_pixels_have_no_gradient_and_the_others_have() -> None:
    logits, labels = random_batch()
    cross_entropy(logits, labels, IGNORE).backward()
    assert logits.grad is not None
    moved = logits.grad.abs().sum(dim=1) > 0
    assert torch.equal(moved, labels != IGNORE)


def test_what_the_network_says_at_ignored_pixels_does_not_matter() -> None:
    logits, labels = random_batch()
    changed = torch.where((labels == IGNORE)[:, None], 50 * torch.rand_like(logits), logits)
    assert cross_entropy(changed, labels, IGNORE).item() == cross_entropy(logits, labels, IGNORE).item()


def test_sixteen_bit_label_maps_have_their_own_ignore_value() -> None:
    logits, labels = random_batch()
    wide = torch.where(labels == IGNORE, 65535, labels)
    assert cross_entropy(logits, wide, 65535).item() == cross_entropy(logits, labels, IGNORE).item()
