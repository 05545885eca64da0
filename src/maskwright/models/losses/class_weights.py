"""Weights that let rare classes count for more, from how often each class occurs in the training masks."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


def inverse_frequency(pixels: Counts) -> Weights:
    """1 / f, f a class's share of all pixels: every class weighs the same in total."""
    return _inverse(pixels.sum(axis=0))


def median_frequency(pixels: Counts) -> Weights:
    """median(f) / f, f a class's pixels over all pixels of the images that show it (Eigen & Fergus, arXiv:1411.4734).

    Milder than :func:`inverse_frequency` for a class that is large in few images.
    """
    where_shown = np.where(pixels > 0, pixels.sum(axis=1, keepdims=True), 0).sum(axis=0)
    frequency = pixels.sum(axis=0) / np.maximum(where_shown, 1)
    present = frequency[frequency > 0]
    return (np.median(present) if present.size else 0.0) * _inverse(frequency)


def effective_number(pixels: Counts, beta: float) -> Weights:
    """(1 − beta) / (1 − beta^n) (Cui et al. 2019, arXiv:1901.05555), n the number of images that show a class.

    Images, not pixels: neighbouring pixels say the same, and the paper's n counts what is new. ``beta`` 0 weighs all
    classes alike, towards 1 it becomes inverse image frequency.
    """
    images = (pixels > 0).sum(axis=0)
    return (1 - beta) * _inverse(1 - beta ** images.astype(np.float64))


RULES: dict[str, Callable[[Counts, float], Weights]] = {
    "inverse_frequency": lambda pixels, _: inverse_frequency(pixels),
    "median_frequency": lambda pixels, _: median_frequency(pixels),
    "effective_number": effective_number,
}


def class_weights(rule: str, pixels: Counts, beta: float = 0.999) -> npt.NDArray[np.float32]:
    """The weight ``(K+1,)`` of every label by a rule of ``RULES``, scaled so that the mean weight of a pixel is 1.

    ``pixels`` ``(N, K+1)`` counts the pixels of every label in every training image; ``beta`` goes with
    ``effective_number``. A class without a pixel has weight 0, as it has nothing to teach.
    """
    weights = RULES[rule](pixels, beta)
    total = pixels.sum(axis=0)
    mean = (weights * total).sum() / max(1, total.sum())
    return (weights / mean if mean else weights).astype(np.float32)


def _inverse(values: npt.NDArray[np.int64 | np.float64]) -> Weights:
    """1 / value, 0 where the value is 0."""
    return np.divide(1.0, values, out=np.zeros(values.shape), where=values > 0)
