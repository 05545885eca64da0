"""Bootstrap intervals over images: how far a number would move had other images of the same kind been taken.

Whole images are drawn again, with replacement, because the objects of one image are not independent. What is measured
on each draw is computed from the matches of the images that are there already, with the times an image was drawn as
its weight. Two numbers of the same images are compared on the same draws, so that what both owe to an easy image
cancels (a paired difference).

Source: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, percentile intervals (chapter 13).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.int64]
Replicates = npt.NDArray[np.float64]


def bootstrap_weights(images: int, samples: int, seed: int | Sequence[int]) -> Weights:
    """How often each of N ``images`` is in each of B ``samples`` ``(B, N)``; each row adds up to N."""
    if not images:
        return np.zeros((samples, 0), np.int64)
    return np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=samples)


@dataclass(frozen=True)
class BootstrapEstimate:
    """A number and what it is on each of B draws ``(B,)``; None and NaN where there is nothing to measure."""

    value: float | None
    replicates: Replicates

    def minus(self, other: "BootstrapEstimate") -> "BootstrapEstimate":
        """The difference, draw by draw: paired where both are of the same draws, else of two independent samples."""
        value = None if self.value is None or other.value is None else self.value - other.value
        return BootstrapEstimate(value, self.replicates - other.replicates)

    def interval(self, level: float) -> dict[str, float | None]:
        """``{"value", "low", "high"}``: the middle ``level`` (0 to 1) of the draws; None without value or draws."""
        defined = self.replicates[~np.isnan(self.replicates)]
        if self.value is None or not defined.size:
            return {"value": self.value, "low": None, "high": None}
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
        return {"value": self.value, "low": float(low), "high": float(high)}


def bootstrap_estimate(values: npt.NDArray[np.float64]) -> BootstrapEstimate:
    """The number in place 0 of ``(1 + B,)`` values with the draws after it; NaN is no number."""
    value = float(values[0])
    return BootstrapEstimate(None if math.isnan(value) else value, values[1:])


def with_original_sample(weights: Weights) -> Weights:
    """``weights`` ``(B, N)`` with the images themselves, each once, as row 0: ``(1 + B, N)``, as ``measure`` wants."""
    return np.concatenate([np.ones((1, weights.shape[1]), np.int64), weights])


def defined_mean(values: npt.NDArray[np.float64], axis: int | tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The mean over ``axis`` of what is not NaN; NaN where nothing is left, without a warning."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def ratio(parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``parts / wholes``; NaN where the whole is 0, without a warning."""
    return np.where(wholes > 0, parts / np.where(wholes > 0, wholes, 1), np.nan)
