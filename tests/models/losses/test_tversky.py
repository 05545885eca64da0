"""Tversky, focal Tversky and Dice against NumPy and, where the averages agree, segmentation-models-pytorch."""

import numpy as np
import pytest
import torch
from segmentation_models_pytorch.losses import DiceLoss, TverskyLoss

from maskwright.models.losses.tversky import dice, focal_tversky, tversky
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch


def index_by_hand(logits: torch.Tensor, labels: torch.Tensor, alpha: float, beta: float) -> np.ndarray:
    """Return the Tversky index of each class that is present."""
    softmax, truth = counted_pixels(logits, labels)
    values = []
    for label in np.unique(truth):
        p, g = softmax[:, label], (truth == label).astype(float)
        hits = (p * g).sum()
        values.append(hits / (hits + alpha * (p * (1 - g)).sum() + beta * ((1 - p) * g).sum()))
    return np.array(values)


@pytest.mark.parametrize("absent", [(), (2,), (0, 3)])
@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.7), (0.5, 0.5), (1.0, 1.0), (0.0, 1.0)])
def test_tversky_is_the_mean_over_present_classes(alpha: float, beta: float, absent: tuple[int, ...]) -> None:
    logits, labels = random_batch(absent=absent)
    expected = (1 - index_by_hand(logits, labels, alpha, beta)).mean()
    assert tversky(logits, labels, IGNORE, alpha, beta).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 4 / 3, 2.0])
def test_focal_tversky_takes_the_root_class_by_class(gamma: float) -> None:
    logits, labels = random_batch(absent=(1,))
    expected = ((1 - index_by_hand(logits, labels, 0.3, 0.7)) ** (1 / gamma)).mean()
    assert focal_tversky(logits, labels, IGNORE, 0.3, 0.7, gamma).item() == pytest.approx(expected, rel=1e-12)


def test_dice_is_twice_the_overlap_over_the_sum_of_both() -> None:
    logits, labels = random_batch()
    softmax, truth = counted_pixels(logits, labels)
    one_hot = np.eye(4)[truth]
    expected = 1 - 2 * (softmax * one_hot).sum(axis=0) / (softmax.sum(axis=0) + one_hot.sum(axis=0))
    assert dice(logits, labels, IGNORE).item() == pytest.approx(expected.mean(), rel=1e-12)


def test_with_every_class_present_smp_gives_the_same() -> None:
    logits, labels = random_batch()
    theirs = DiceLoss("multiclass", ignore_index=IGNORE)(logits, labels)
    assert dice(logits, labels, IGNORE).item() == pytest.approx(theirs.item(), rel=1e-6)
    theirs = TverskyLoss("multiclass", ignore_index=IGNORE, alpha=0.2, beta=0.8)(logits, labels)
    assert tversky(logits, labels, IGNORE, 0.2, 0.8).item() == pytest.approx(theirs.item(), rel=1e-6)


def test_missed_pixels_cost_more_than_invented_ones_when_beta_is_larger() -> None:
    labels = torch.zeros(1, 1, 10, dtype=torch.int64)
    labels[..., :4] = 1

    def cost(found: int) -> float:
        predicted = (torch.arange(10) < found).long()
        logits = 50 * torch.nn.functional.one_hot(predicted, 2).T.float()[None, :, None]
        return tversky(logits, labels, IGNORE, 0.1, 0.9).item()

    assert cost(4) == pytest.approx(0, abs=1e-6)
    assert cost(2) > cost(6) > 0


def test_a_perfect_prediction_has_a_finite_gradient() -> None:
    labels = torch.tensor([[[0, 1, 1]]])
    logits = (200 * torch.nn.functional.one_hot(labels, 2).permute(0, 3, 1, 2).double()).requires_grad_()
    focal_tversky(logits, labels, IGNORE).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
