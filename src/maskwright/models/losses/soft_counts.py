"""True and false pixels by class, counted softly: what the Dice and the Tversky loss are made of."""

from typing import NamedTuple

import torch


class SoftCounts(NamedTuple):
    """Sums ``(K+1,)`` over the counted pixels of a batch: p g, p (1 − g), (1 − p) g, and g itself.

    p is the softmax, g is 1 at the true class and 0 elsewhere.
    """

    true_positive: torch.Tensor
    false_positive: torch.Tensor
    false_negative: torch.Tensor
    truth: torch.Tensor


def by_class(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax and truth, each ``(K+1, P)`` for the P pixels of a batch; both are 0 in the columns of ignored pixels.

    ``logits`` ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64.
    """
    counted = labels != ignore_index
    known = torch.where(counted, labels, 0)[:, None]
    truth = torch.zeros_like(logits).scatter_(1, known, 1) * counted[:, None]
    # Not a product: whatever stands at an ignored pixel, infinity too, must not get through.
    probabilities = torch.where(counted[:, None], logits.softmax(dim=1), 0)
    return probabilities.transpose(0, 1).flatten(1), truth.transpose(0, 1).flatten(1)


def soft_counts(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> SoftCounts:
    """The counts of a batch as a whole: not an image's, in which most classes have no pixel."""
    probabilities, truth = by_class(logits, labels, ignore_index)
    hits, total = (probabilities * truth).sum(dim=1), truth.sum(dim=1)
    return SoftCounts(hits, probabilities.sum(dim=1) - hits, total - hits, total)


def mean_over_present(losses: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The mean of ``losses`` ``(K+1,)`` over the classes with a true pixel; 0 when there is none.

    Averaging over absent classes too would add a constant for each and make the loss depend on how many there are;
    what is wrongly taken for one of them is already missing from a class that is present.
    """
    present = truth > 0
    return torch.where(present, losses, 0).sum() / present.sum().clamp(min=1)
