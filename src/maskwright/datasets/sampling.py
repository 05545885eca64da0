"""The order of training samples, and the seed each sample's augmentation is drawn from."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler


class SeededSampler(Sampler[tuple[int, int]]):
    """Yields ``(index, seed)``: a shuffled order for each epoch and a seed for each sample of it.

    With ``weights`` ``(N,)``, N samples are drawn with replacement in proportion to them.

    Both depend on ``(seed, epoch)`` alone, so the number of workers changes nothing and an epoch can be repeated.
    """

    def __init__(self, length: int, seed: int, weights: npt.NDArray[np.float64] | None = None) -> None:
        self.length, self.seed, self.epoch = length, seed, 0
        self.shares = None if weights is None else weights / weights.sum()

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = np.random.default_rng([self.seed, self.epoch])
        if self.shares is None:
            order = generator.permutation(self.length)
        else:
            order = generator.choice(self.length, self.length, p=self.shares)
        # One seed a draw, not an image: an image drawn twice is augmented in two ways.
        seeds = generator.integers(2**62, size=self.length)
        for index, seed in zip(order, seeds, strict=True):
            yield int(index), int(seed)


def rarity_weights(presence: npt.NDArray[np.bool_], power: float) -> npt.NDArray[np.float64]:
    """A sampling weight for each image from the rarest class in it.

    ``presence`` ``(N, K)`` says which classes an image shows; a class seen in a share ``f`` of the images has weight
    ``f ** -power``, an image the largest of its classes', at least 1. ``power`` 1 is inverse class frequency, 0.5 the
    square root of LVIS's repeat-factor sampling (Gupta et al. 2019, arXiv:1908.03195).
    """
    frequency = presence.mean(axis=0)
    by_class = np.where(frequency > 0, np.maximum(frequency, 1e-12) ** -power, 1.0)
    return np.where(presence, by_class, 1.0).max(axis=1, initial=1.0)
