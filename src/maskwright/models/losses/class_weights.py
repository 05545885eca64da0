"""Class weights from the pixel counts of the training masks, by which rare classes count for more."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


def inverse_frequency(pixels: Counts) -> Weights:
    """Return 1 / f for each class, with f its share of all pixels: every class has the same total weight.

    ``pixels`` ``(N, K+1)`` int64 counts the pixels of every label in every image. The weights are ``(K+1,)`` float64.
    """
    return _inverse(pixels.sum(axis=0))


def median_frequency(pixels: Counts) -> Weights:
    """Return median(f) / f for each class, with f its share of the pixels of the images that show it.

    Eigen & Fergus (arXiv:1411.4734). ``pixels`` is that of :func:`inverse_frequency`. The weight of a class that is
    large in few images is lower than by inverse frequency.
    """
    where_shown = np.where(pixels > 0, pixels.sum(axis=1, keepdims=True), 0).sum(axis=0)
    frequency = pixels.sum(axis=0) / np.maximum(where_shown, 1)
    present = frequency[frequency > 0]
    return (np.median(present) if present.size else 0.0) * _inverse(frequency)


def effective_number(pixels: Counts, beta: float) -> Weights:
    """Return (1 − beta) / (1 − beta^n) for each class, with n the number of images that show it.

    Cui et al. 2019 (arXiv:1901.05555). ``pixels`` is that of :func:`inverse_frequency`. n counts images, not pixels:
    neighbouring pixels are no new samples, and the paper's n counts samples that add information. With ``beta`` 0 all
    classes weigh the same; towards 1 the rule becomes inverse image frequency.
    """
    images = (pixels > 0).sum(axis=0)
    return (1 - beta) * _inverse(1 - beta ** images.astype(np.float64))


RULES: dict[str, Callable[[Counts, float], Weights]] = {
    "inverse_frequency": lambda pixels, _: inverse_frequency(pixels),
    "median_frequency": lambda pixels, _: median_frequency(pixels),
    "effective_number": effective_number,
}


def class_weights(rule: str, pixels: Counts, beta: float = 0.999) -> npt.NDArray[np.float32]:
    """Return the weight of every label by a rule of ``RULES``, scaled to a mean pixel weight of 1; ``(K+1,)`` float32.

    ``pixels`` ``(N, K+1)`` int64 counts the pixels of every label in every training image. ``beta`` is that of
    :func:`effective_number`. A class without a pixel has weight 0.
    """
    weights = RULES[rule](pixels, beta)
    total = pixels.sum(axis=0)
    mean = (weights * total).sum() / max(1, total.sum())
    return (weights / mean if mean else weights).astype(np.float32)


def _inverse(values: npt.NDArray[np.int64 | np.float64]) -> Weights:
    """Return 1 / value, and 0 where the value is 0."""
    return np.divide(1.0, values, out=np.zeros(values.shape), where=values > 0)
