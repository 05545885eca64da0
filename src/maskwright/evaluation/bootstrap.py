"""Bootstrap intervals over images: how far a score moves when other images of the same kind are sampled.

Whole images are sampled with replacement, because the objects of one image are not independent. A score on a resample
is computed from the matches of the original images, weighted by how often each image was sampled. Two scores of the
same images are compared on the same resamples, so that the effect of an easy image on both cancels (a paired
difference).

Source: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, percentile intervals (chapter 13).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.limits import beyond_limit, input_limit

Weights = npt.NDArray[np.int64]
Replicates = npt.NDArray[np.float64]


def bootstrap_weights(images: int, samples: int, seed: int | Sequence[int]) -> Weights:
    """Return how often each of N ``images`` is in each of B bootstrap ``samples``: ``(B, N)`` int64, rows add up to N.

    The counts are multinomial. The same ``seed`` gives the same weights. Without images the array is ``(B, 0)``.
    """
    if not images:
        return np.zeros((samples, 0), np.int64)
    return np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=samples)


@dataclass(frozen=True)
class Resampling:
    """The bootstrap of a score: how many ``samples``, their ``seed``, and the confidence ``level`` (0..1)."""

    samples: int = 1000
    seed: int | Sequence[int] = 0
    level: float = 0.95

    def weights(self, images: int) -> Weights:
        """Return the weights of so many ``images`` ``(B, N)``, see :func:`bootstrap_weights`."""
        return bootstrap_weights(images, self.samples, self.seed)

    def to_json(self, images: int) -> dict[str, Any]:
        """Return ``{"level", "samples", "seed", "images"}``."""
        return {"level": self.level, "samples": self.samples, "seed": self.seed, "images": images}


@dataclass(frozen=True)
class BootstrapEstimate:
    """A score of the original images and its values on B bootstrap resamples, ``replicates`` ``(B,)`` float64.

    ``value`` is None, and a replicate NaN, where the score is undefined.
    """

    value: float | None
    replicates: Replicates

    def minus(self, other: "BootstrapEstimate") -> "BootstrapEstimate":
        """Return this estimate minus the ``other``, replicate by replicate.

        The difference is paired when both were computed with the same weights, else it is that of two independent
        samples. ``value`` is None when either value is.
        """
        value = None if self.value is None or other.value is None else self.value - other.value
        return BootstrapEstimate(value, self.replicates - other.replicates)

    def interval(self, level: float) -> dict[str, float | None]:
        """Return the percentile interval ``{"value", "low", "high"}`` of the replicates at ``level`` (0..1).

        Of B replicates in order the ends are those at ``(B + 1) * (1 - level) / 2`` from below and from above; NaN
        replicates do not count. ``low`` and ``high`` are None when there is no value or no defined replicate.

        Source: A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 5.2.1.
        """
        defined = self.replicates[~np.isnan(self.replicates)]
        if self.value is None or not defined.size:
            return {"value": self.value, "low": None, "high": None}
        ordered = np.sort(defined)
        low, high = (_quantile(ordered, share) for share in ((1 - level) / 2, (1 + level) / 2))
        return {"value": self.value, "low": low, "high": high}


def _quantile(ordered: Replicates, share: float) -> float:
    """Return what ``numpy.quantile`` with ``method="weibull"`` does, which takes ten times as long for a thousand."""
    place = min(max(len(ordered) * share + share - 1, 0.0), len(ordered) - 1.0)
    below = int(place)
    low, high, part = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)]), place - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def require_sampled_images(images: int, samples: int) -> None:
    """Raise ``DataError`` for more ``images`` in all bootstrap ``samples`` than the limit ``resampled-images``."""
    if images * samples > input_limit("resampled-images"):
        raise DataError(
            f"{images:,} images are {images * samples:,} in {samples:,} bootstrap samples; "
            f"{beyond_limit('resampled-images')}"
        )


def require_sampled_classes(source: str | Path, classes: int) -> None:
    """Raise ``DataError`` for more ``classes``, those of ``source``, than the limit ``resampled-classes``."""
    if classes > input_limit("resampled-classes"):
        raise DataError(
            f"{source}: bootstrap samples of {classes:,} classes; {beyond_limit('resampled-classes')}; or choose fewer "
            "classes."
        )


def bootstrap_estimate(values: npt.NDArray[np.float64]) -> BootstrapEstimate:
    """Return the estimate whose value is ``values[0]`` and whose replicates are the B after it; NaN becomes None."""
    value = float(values[0])
    return BootstrapEstimate(None if math.isnan(value) else value, values[1:])


def with_original_sample(weights: Weights) -> Weights:
    """Return ``weights`` ``(B, N)`` with the original sample, each image once, as a new row 0: ``(1 + B, N)``."""
    return np.concatenate([np.ones((1, weights.shape[1]), np.int64), weights])


def defined_mean(values: npt.NDArray[np.float64], axis: int | tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return the mean over ``axis`` of the values that are not NaN; NaN, without a warning, where all are NaN."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def ratio(parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ``parts / wholes`` elementwise; NaN, without a warning, where the whole is 0."""
    return np.where(wholes > 0, parts / np.where(wholes > 0, wholes, 1), np.nan)


def score_intervals(rows: Mapping[str, BootstrapEstimate], level: float) -> dict[str, dict[str, float | None]]:
    """Return the interval of each of ``rows`` by name, see :meth:`BootstrapEstimate.interval`."""
    return {name: estimate.interval(level) for name, estimate in rows.items()}
