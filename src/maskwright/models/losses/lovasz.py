"""Lovász-softmax loss: the convex extension of 1 − IoU, which minimises IoU itself.

Berman et al. 2018 (arXiv:1705.08790).
"""

import torch

from maskwright.models.losses.soft_counts import by_class, mean_over_present


def lovasz(logits: torch.Tensor, labels: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Return the mean of the Lovász extension of 1 − IoU over the classes present in the batch, a scalar.

    ``logits`` is ``(B, K+1, H, W)``, ``labels`` ``(B, H, W)`` int64; pixels of ``ignore_index`` do not count. A batch
    without a counted pixel has loss 0.
    """
    probabilities, truth = by_class(logits, labels, ignore_index)
    # Sorting is expensive: present classes only. As rows, because each use of a mask as index would wait for a GPU.
    present = (truth.sum(dim=1) > 0).nonzero()[:, 0]
    probabilities, truth = probabilities[present], truth[present]
    errors = (truth - probabilities).abs()
    # Ignored pixels rank behind all others, where they change no other pixel's share.
    ignored = (labels == ignore_index).flatten()
    order = torch.where(ignored, -1, errors.detach()).argsort(dim=1, descending=True)
    shares = jaccard_shares(truth.gather(1, order))
    return mean_over_present((errors.gather(1, order) * shares).sum(dim=1), truth.sum(dim=1))


def jaccard_shares(truth: torch.Tensor) -> torch.Tensor:
    """Return by how much 1 − IoU grows with each further wrong pixel (algorithm 1 of the paper).

    ``truth`` ``(K+1, P)`` is 0 or 1, in the order of falling errors. The result has the same shape, and is 0 for a
    class without a true pixel.
    """
    total = truth.sum(dim=1, keepdim=True)
    intersection = total - truth.cumsum(dim=1)
    union = total + (1 - truth).cumsum(dim=1)
    loss = torch.where(total > 0, 1 - intersection / union.clamp(min=1), 0)
    return loss.diff(dim=1, prepend=torch.zeros_like(total))
