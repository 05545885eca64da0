"""The part of each batch that one of several training processes computes."""

from collections.abc import Iterator
from itertools import islice

from torch.utils.data import Sampler

from maskwright.datasets.sampling import SeededSampler


class DistributedBatchSampler(Sampler[tuple[int, int]]):
    """Of every whole batch of ``batch_size`` draws the equal slice of process ``number`` of ``count``.

    The draws and their seeds are those of one process alone, so the batches hold the same samples however many
    processes share them. What is left after the last whole batch is left out.
    """

    def __init__(self, draws: SeededSampler, batch_size: int, number: int = 0, count: int = 1) -> None:
        if batch_size % count:
            raise ValueError(f"a batch of {batch_size} has no {count} equal slices")
        self.draws, self.batch_size = draws, batch_size
        size = batch_size // count
        self.slice = slice(number * size, (number + 1) * size)

    def __len__(self) -> int:
        """The draws of a whole epoch that are this process's."""
        return len(self.draws) // self.batch_size * (self.slice.stop - self.slice.start)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        draws = iter(self.draws)
        while len(batch := list(islice(draws, self.batch_size))) == self.batch_size:
            yield from batch[self.slice]
