"""Tversky loss, which weighs missed and falsely found pixels separately, its focal form, and the Dice loss.

Tversky: Salehi et al. 2017 (arXiv:1706.05721). Focal Tversky: Abraham & Khan 2018 (arXiv:1810.07842). Soft Dice:
Milletari et al. 2016 (arXiv:1606.04797), with the plain sums of Drozdzal et al. 2016 (arXiv:1608.04117) in the
denominator.
"""

import torch

from maskwright.models.losses.soft_counts import SoftCounts, mean_over_present, soft_counts


def tversky(
    logits: torch.Tensor, labels: torch.Tensor, ignore_index: int, alpha: float = 0.3, beta: float = 0.7
) -> torch.Tensor:
    """Return the mean of 1 − TP / (TP + alpha FP + beta FN) over the classes present in the batch, a scalar.

    ``logits`` is ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64; pixels of ``ignore_index`` do not count. ``beta``
    above ``alpha`` makes a missed pixel cost more than a falsely found one. A batch without a counted pixel has loss 0.
    """
    counts = soft_counts(logits, labels, ignore_index)
    return mean_over_present(1 - _index(counts, alpha, beta), counts.truth)


def focal_tversky(
    logits: torch.Tensor,
    labels: torch.Tensor,
    ignore_index: int,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
) -> torch.Tensor:
    """Return the mean of (1 − TI)^(1 / gamma), with TI the index of :func:`tversky`; a scalar.

    Classes with a low index count for more. The paper writes ``alpha`` for missed pixels; here, as in Salehi et al.,
    ``beta`` is theirs. The other arguments are those of :func:`tversky`.
    """
    counts = soft_counts(logits, labels, ignore_index)
    # The minimum keeps it off 0, where a root has no finite slope; a nearly perfect class has nothing to gain.
    missing = (1 - _index(counts, alpha, beta)).clamp(min=1e-6)
    return mean_over_present(missing ** (1 / gamma), counts.truth)


def dice(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Return the mean of 1 − 2 TP / (2 TP + FP + FN) over the classes present in the batch, a scalar.

    The arguments are those of :func:`tversky`.
    """
    return tversky(logits, labels, ignore_index, alpha=0.5, beta=0.5)


def _index(counts: SoftCounts, alpha: float, beta: float) -> torch.Tensor:
    """Return the Tversky index ``(K+1,)``.

    A smoothing constant is not needed: a present class has at least one true pixel, so the denominator is above 0.
    """
    whole = counts.true_positive + alpha * counts.false_positive + beta * counts.false_negative
    return counts.true_positive / torch.where(counts.truth > 0, whole, 1)
