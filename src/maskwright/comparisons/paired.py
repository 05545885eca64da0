"""Paired differences between models on the same images: bootstrap intervals and permutation tests.

Two models are scored on the same samples of the images, so that an easy image raises both. Several trainings of one
model with other seeds are a nested sample: a bootstrap sample takes images, and trainings of each model.

The permutation test asks whether the models could be exchanged: on each image by itself, what one predicts is given to
the other with probability 1/2. The p value is the share of such exchanges, the actual one among them, whose difference
is at least as large.

Sources: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 16; S. Holm, "A simple
sequentially rejective multiple test procedure", Scandinavian Journal of Statistics, 1979.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from statistics import NormalDist
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import BootstrapEstimate, Resampling, Weights, with_original_sample

POWER = 0.8
# A difference of an exchange that is the actual one but for the rounding of sums.
_EQUAL = 1e-12

Values = npt.NDArray[np.float64]


class Measure(NamedTuple):
    """A compared score: its ``name``, such as ``segm AP``, and the class that it is of; None for all classes."""

    name: str
    class_name: str | None = None


class ComparedScores(Protocol):
    """The scores of several models, each trained once or several times, on the same images."""

    @property
    def images(self) -> int:
        """The number of images."""
        ...

    @property
    def headline(self) -> Measure:
        """The measure that the verdict is about."""
        ...

    @property
    def trainings(self) -> Sequence[int]:
        """The number of trainings of each model."""
        ...

    def scores(self, model: int, training: int, weights: Weights) -> dict[Measure, Values]:
        """Return the scores ``(B,)`` of one training of a model, the images having ``weights`` ``(B, N)``."""
        ...

    def exchanged(
        self, one: tuple[int, int], other: tuple[int, int], swapped: npt.NDArray[np.bool_]
    ) -> dict[Measure, Values]:
        """Return the ``other`` minus ``one``, trainings of two models, where images are ``swapped`` ``(P, N)``."""
        ...


@dataclass(frozen=True)
class Difference:
    """The difference of a measure between two models, ``of`` minus ``less``, positions of models.

    ``p`` is the p value of the permutation test, ``p_holm`` the one corrected for all differences of its family. They
    are None where a score is undefined.
    """

    of: int
    less: int
    measure: Measure
    estimate: BootstrapEstimate
    p: float | None
    p_holm: float | None = None


def model_estimates(
    scores: ComparedScores, model: int, weights: Weights, resampling: Resampling
) -> dict[Measure, BootstrapEstimate]:
    """Return the mean scores over the trainings of ``model`` with their values on bootstrap samples.

    ``weights`` ``(B, N)`` are those of the images. The trainings are sampled too. With n of them their deviations are
    stretched by sqrt(n / (n - 1)): the mean of a sample of n varies by the variance of the sample itself, which is
    (n - 1) / n of that of all trainings.
    """
    count = scores.trainings[model]
    every = [scores.scores(model, training, with_original_sample(weights)) for training in range(count)]
    rng = np.random.default_rng([*_seeds(resampling), 1 + model])
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=len(weights)) / count - 1 / count
    stretch = math.sqrt(count / (count - 1)) if count > 1 else 0.0
    found = {}
    for measure in every[0]:
        values = np.stack([each[measure] for each in every])
        replicates = values[:, 1:].mean(axis=0) + stretch * (drawn.T * values[:, 1:]).sum(axis=0)
        value = float(values[:, 0].mean())
        found[measure] = BootstrapEstimate(None if math.isnan(value) else value, replicates)
    return found


def paired_differences(
    scores: ComparedScores, estimates: Sequence[Mapping[Measure, BootstrapEstimate]], resampling: Resampling
) -> list[Difference]:
    """Return all differences of each pair of models, the later one minus the earlier one, headlines first.

    ``estimates`` are the :func:`model_estimates` of all models with the same weights. There are as many exchanges as
    bootstrap samples. P values are corrected by Holm's method in two families: the headline of all pairs of models,
    which the verdict is about, and everything else.
    """
    rng = np.random.default_rng([*_seeds(resampling), 0])
    swapped = rng.random((resampling.samples, scores.images)) < 0.5
    found = []
    for less, of in combinations(range(len(estimates)), 2):
        exchanged = _exchanged(scores, less, of, swapped)
        for measure, estimate in estimates[of].items():
            difference = estimate.minus(estimates[less][measure])
            found.append(Difference(of, less, measure, difference, p_value(difference.value, exchanged[measure])))
    headline = [each for each in found if each.measure == scores.headline]
    others = [each for each in found if each.measure != scores.headline]
    return list(chain.from_iterable(map(_corrected, (headline, others))))


def p_value(value: float | None, exchanged: Values) -> float | None:
    """Return the p value of the difference ``value`` beside those of random exchanges ``(P,)``; NaN do not count."""
    defined = exchanged[~np.isnan(exchanged)]
    if value is None or not defined.size:
        return None
    return float((1 + np.count_nonzero(np.abs(defined) >= abs(value) - _EQUAL)) / (1 + defined.size))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return the p values corrected by Holm's method; None, of a difference that is undefined, stays None."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        corrected[place] = largest
    return corrected


def images_needed(difference: BootstrapEstimate, images: int, level: float) -> int | None:
    """Return how many images would show a true difference of this size in 80 % of samples.

    The spread of a difference falls by the square root of the number of images. None where there is no difference.
    """
    defined = difference.replicates[~np.isnan(difference.replicates)]
    if not difference.value or defined.size < 2:
        return None
    normal = NormalDist()
    steps = normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(POWER)
    return math.ceil(images * (steps * float(defined.std()) / difference.value) ** 2)


def _exchanged(scores: ComparedScores, one: int, other: int, swapped: npt.NDArray[np.bool_]) -> dict[Measure, Values]:
    """Return the differences with ``swapped`` images, averaged over pairs of trainings that use each equally often."""
    pairs = [
        (i % scores.trainings[one], i % scores.trainings[other])
        for i in range(math.lcm(scores.trainings[one], scores.trainings[other]))
    ]
    total: dict[Measure, Values] = {}
    for first, second in pairs:
        for measure, values in scores.exchanged((one, first), (other, second), swapped).items():
            total[measure] = total.get(measure, 0.0) + values / len(pairs)
    return total


def _corrected(family: Sequence[Difference]) -> list[Difference]:
    values = holm([each.p for each in family])
    return [
        Difference(each.of, each.less, each.measure, each.estimate, each.p, value)
        for each, value in zip(family, values, strict=True)
    ]


def _seeds(resampling: Resampling) -> list[int]:
    seed = resampling.seed
    return [seed] if isinstance(seed, int) else list(seed)
