"""Soft counts of true and false pixels by class, on which the Dice and Tversky losses are built."""

from typing import NamedTuple

import torch


class SoftCounts(NamedTuple):
    """Sums ``(K+1,)`` over the counted pixels of a batch: p g, p (1 − g), (1 − p) g, and g itself.

    p is the softmax; g is 1 at the true class and 0 at all others.
    """

    true_positive: torch.Tensor
    false_positive: torch.Tensor
    false_negative: torch.Tensor
    truth: torch.Tensor


def by_class(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return softmax and truth, each ``(K+1, P)`` for the P pixels of a batch; ignored pixels are 0 in both.

    ``logits`` is ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64. The truth is 0 or 1, in the type of the logits.
    """
    counted = labels != ignore_index
    known = torch.where(counted, labels, 0)[:, None]
    truth = torch.zeros_like(logits).scatter_(1, known, 1) * counted[:, None]
    # Not a product: infinity or NaN at an ignored pixel must not reach the sums.
    probabilities = torch.where(counted[:, None], logits.softmax(dim=1), 0)
    return probabilities.transpose(0, 1).flatten(1), truth.transpose(0, 1).flatten(1)


def soft_counts(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> SoftCounts:
    """Return the counts over the whole batch, not by image, as most classes have no pixel in a single image.

    The arguments are those of :func:`by_class`.
    """
    probabilities, truth = by_class(logits, labels, ignore_index)
    hits, total = (probabilities * truth).sum(dim=1), truth.sum(dim=1)
    return SoftCounts(hits, probabilities.sum(dim=1) - hits, total - hits, total)


def mean_over_present(losses: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean of ``losses`` ``(K+1,)`` over the classes with a true pixel, a scalar; 0 when there is none.

    ``truth`` ``(K+1,)`` counts the true pixels. Absent classes would add a constant each, and the loss would depend on
    how many there are. A pixel that is wrongly predicted as an absent class is missing from a class that is present.
    """
    present = truth > 0
    return torch.where(present, losses, 0).sum() / present.sum().clamp(min=1)
