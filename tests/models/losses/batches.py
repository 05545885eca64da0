"""Random batches for the tests of the losses."""

import numpy as np
import torch

IGNORE = 255


def random_batch(
    ignored: float = 0.3, classes: int = 4, absent: tuple[int, ...] = (), seed: int = 5
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits ``(2, classes, 5, 7)`` in double precision, and labels without the ``absent`` ones."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(2, classes, 5, 7, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, classes, (2, 5, 7), generator=generator)
    for label in absent:
        labels[labels == label] = next(other for other in range(classes) if other not in absent)
    labels[torch.rand(2, 5, 7, generator=generator) < ignored] = IGNORE
    return logits.requires_grad_(), labels


def counted_pixels(logits: torch.Tensor, labels: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax ``(P, classes)`` and true labels ``(P,)`` of the pixels that count, in NumPy."""
    plain = logits.detach().numpy().transpose(0, 2, 3, 1).reshape(-1, logits.shape[1])
    exponentials = np.exp(plain - plain.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    counted = labels.numpy().ravel() != IGNORE
    return softmax[counted], labels.numpy().ravel()[counted]
