"""The order of training samples, and the seed of each sample's augmentation."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler


class SeededSampler(Sampler[tuple[int, int]]):
    """A sampler of ``(index, seed)`` pairs: by default each sample once an epoch, in shuffled order.

    With ``weights`` ``(N,)``, N samples are drawn with replacement in proportion to them. With ``repeats`` ``(N,)``,
    each sample comes that many times on average (see :func:`repeat_indices`).

    Order and seeds depend on ``(seed, epoch)`` alone, so the number of workers changes nothing and an epoch can be
    repeated.
    """

    def __init__(
        self,
        length: int,
        seed: int,
        weights: npt.NDArray[np.float64] | None = None,
        repeats: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Draw from ``length`` samples; give ``weights`` or ``repeats``, not both."""
        self.images, self.seed, self.epoch, self.first = length, seed, 0, 0
        self.shares = None if weights is None else weights / weights.sum()
        self.repeats = repeats
        self.length = length if repeats is None else draws_per_epoch(repeats)

    def set_epoch(self, epoch: int, first: int = 0) -> None:
        """Choose the epoch whose order comes next, and skip its first ``first`` draws."""
        self.epoch, self.first = epoch, first

    def __len__(self) -> int:
        """Return the number of draws of a whole epoch."""
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield ``(index, seed)`` of each draw of the chosen epoch."""
        generator = np.random.default_rng([self.seed, self.epoch])
        order = self._order(generator)
        # One seed a draw, not an image: an image drawn twice is augmented in two ways.
        seeds = generator.integers(2**62, size=self.length)
        for index, seed in zip(order[self.first :], seeds[self.first :], strict=True):
            yield int(index), int(seed)

    def _order(self, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        if self.repeats is not None:
            return repeat_indices(self.repeats, generator)
        if self.shares is not None:
            return generator.choice(self.images, self.images, p=self.shares)
        return generator.permutation(self.images)


def rarity_weights(presence: npt.NDArray[np.bool_], power: float) -> npt.NDArray[np.float64]:
    """Return a sampling weight ``(N,)`` for each image by the rarest class in it.

    ``presence`` ``(N, K)`` marks the classes that an image shows. A class in a share f of the images has the weight
    f^−``power``, an image the largest weight of its classes, at least 1. ``power`` 1 is inverse class frequency, 0.5
    the square root of LVIS's repeat-factor sampling (Gupta et al. 2019, arXiv:1908.03195).
    """
    frequency = presence.mean(axis=0)
    by_class = np.where(frequency > 0, np.maximum(frequency, 1e-12) ** -power, 1.0)
    return np.where(presence, by_class, 1.0).max(axis=1, initial=1.0)


def pixel_rarity_weights(pixels: npt.NDArray[np.int64], power: float) -> npt.NDArray[np.float64]:
    """Return a sampling weight ``(N,)`` for each image: the mean of f^−``power`` over its pixels.

    ``pixels`` ``(N, K+1)`` counts the pixels of every label in every image; f is a label's share of all counted pixels.
    An image without a counted pixel has the weight 0.
    """
    frequency = pixels.sum(axis=0) / max(1, pixels.sum())
    by_class = np.where(frequency > 0, np.maximum(frequency, 1e-12) ** -power, 0.0)
    return pixels @ by_class / np.maximum(pixels.sum(axis=1), 1)


def repeat_factors(presence: npt.NDArray[np.bool_], threshold: float) -> npt.NDArray[np.float64]:
    """Return the mean number of times ``(N,)`` that each image comes in an epoch, by LVIS's repeat-factor sampling.

    ``presence`` ``(N, K)`` marks the classes that an image shows. A class in a share f of the images has the factor
    max(1, (``threshold`` / f)^½), an image the largest factor of its classes, or 1 without classes (Gupta et al. 2019,
    arXiv:1908.03195, appendix).
    """
    frequency = presence.mean(axis=0)
    by_class = np.sqrt(np.maximum(1.0, threshold / np.maximum(frequency, 1e-12)))
    return np.where(presence, by_class, 1.0).max(axis=1, initial=1.0)


def draws_per_epoch(repeats: npt.NDArray[np.float64]) -> int:
    """Return the number of draws in an epoch with ``repeats``: their sum, rounded down, the same for every epoch."""
    whole = np.floor(repeats)
    # A small addition, because rounding may put a sum of fractions just below a whole number.
    return int(whole.sum()) + int(np.floor((repeats - whole).sum() + 1e-9))


def repeat_indices(repeats: npt.NDArray[np.float64], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return a shuffled order in which each index comes ``repeats`` times, rounded down or up at random.

    It is systematic sampling: the fractions are laid end to end, and each that contains one of equally spaced marks
    comes once more. Independent draws would give each epoch, and with it the learning-rate schedule, another length.
    """
    shuffled = generator.permutation(len(repeats))
    whole = np.floor(repeats[shuffled])
    fractions = repeats[shuffled] - whole
    extra = draws_per_epoch(repeats) - int(whole.sum())
    ends = fractions.cumsum() * (extra / max(fractions.sum(), 1e-12))
    if len(ends):
        ends[-1] = extra
    marks = np.floor(ends + generator.random())
    counts = whole + np.diff(marks, prepend=0)
    return generator.permutation(np.repeat(shuffled, counts.astype(np.int64)))
