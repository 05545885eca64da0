"""Hard pixels against a sorted list in NumPy, and their mean loss against the formula."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.hard_pixels import hard_cross_entropy, hard_pixels
from maskwright.models.losses.pixel_weights import pixel_weights
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch

CLASSES = torch.tensor([0.2, 3.0, 1.0, 0.7], dtype=torch.float64)


def hardest_by_hand(right: np.ndarray, share: float | None, threshold: float | None) -> np.ndarray:
    """Which pixels are kept, by the probabilities ``right`` of the true class: the lowest ones come first."""
    kept = np.zeros(len(right), bool)
    if share is not None:
        kept[np.argsort(right)[: int(np.ceil(round(share * len(right), 9)))]] = True
    return kept | (right < threshold) if threshold is not None else kept


@pytest.mark.parametrize("ignored", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(
    ("share", "threshold"), [(0.25, None), (0.01, None), (1.0, None), (None, 0.3), (0.5, 0.01), (0.05, 0.6)]
)
def test_the_loss_is_the_weighted_mean_over_the_lowest_probabilities(
    share: float | None, threshold: float | None, ignored: float
) -> None:
    logits, labels = random_batch(ignored)
    softmax, truth = counted_pixels(logits, labels)
    right = softmax[np.arange(len(truth)), truth]
    kept, weights = hardest_by_hand(right, share, threshold), CLASSES.numpy()[truth]
    expected = -(weights * np.log(right))[kept].sum() / weights[kept].sum() if kept.any() else 0.0
    ours = hard_cross_entropy(logits, labels, IGNORE, pixel_weights(labels, IGNORE, CLASSES), share, threshold)
    assert ours.item() == pytest.approx(expected, rel=1e-10)


def test_all_pixels_are_plain_cross_entropy() -> None:
    logits, labels = random_batch()
    ours = hard_cross_entropy(logits, labels, IGNORE, pixel_weights(labels, IGNORE), share=1.0)
    assert ours.item() == pytest.approx(cross_entropy(logits, labels, IGNORE).item(), rel=1e-12)


def test_only_the_hard_pixels_have_a_gradient() -> None:
    logits, labels = random_batch()
    hard_cross_entropy(logits, labels, IGNORE, pixel_weights(labels, IGNORE), share=0.2).backward()
    pixels = functional.cross_entropy(logits.detach(), labels, ignore_index=IGNORE, reduction="none")
    assert logits.grad is not None
    assert torch.equal(logits.grad.abs().sum(dim=1) > 0, hard_pixels(pixels, labels != IGNORE, 0.2, None))


@pytest.mark.parametrize(("share", "kept"), [(0.07, 7), (0.071, 8), (0.001, 1), (1.0, 100)])
def test_the_share_is_of_the_counted_pixels_and_rounded_up(share: float, kept: int) -> None:
    counted = torch.ones(1, 10, 20, dtype=torch.bool)
    counted[:, :, 10:] = False
    losses = torch.arange(200.0).view(1, 10, 20)
    hard = hard_pixels(losses, counted, share, None)
    assert torch.equal(hard, counted & (losses >= losses[counted].sort(descending=True).values[kept - 1]))
    assert hard.sum() == kept


def test_the_threshold_is_a_probability_that_a_hard_pixel_stays_below() -> None:
    losses = -torch.tensor([[[0.69, 0.71, 0.1, 1.0]]]).log()
    assert hard_pixels(losses, losses > -1, None, 0.7).tolist() == [[[True, False, True, False]]]


def test_pixels_as_hard_as_the_last_are_kept_too_so_that_no_order_decides() -> None:
    losses = torch.tensor([[[2.0, 1.0, 1.0, 1.0, 0.0]]])
    assert hard_pixels(losses, losses >= 0, 0.4, None).tolist() == [[[True, True, True, True, False]]]


def test_a_loss_that_is_not_finite_stays_visible() -> None:
    logits, labels = random_batch()
    spoilt = logits.detach().clone()
    spoilt[0, :, 0, 0], labels[0, 0, 0] = torch.nan, 1
    assert hard_cross_entropy(spoilt, labels, IGNORE, pixel_weights(labels, IGNORE), 0.2).isnan()
