"""The batch sampler of one training process: its slice of every batch."""

from collections.abc import Iterator
from itertools import islice

from torch.utils.data import Sampler

from maskwright.datasets.sampling import SeededSampler


class DistributedBatchSampler(Sampler[tuple[int, int]]):
    """A sampler of the equal slice of every batch of ``batch_size`` draws that is process ``number``'s of ``count``.

    The draws and their seeds are those of a single process, so a batch holds the same samples however many processes
    share it. Draws after the last whole batch are dropped.
    """

    def __init__(self, draws: SeededSampler, batch_size: int, number: int = 0, count: int = 1) -> None:
        """Slice the batches of ``draws``. Raises ``ValueError`` when ``batch_size`` is not a multiple of ``count``."""
        if batch_size % count:
            raise ValueError(f"a batch of {batch_size} has no {count} equal slices")
        self.draws, self.batch_size = draws, batch_size
        size = batch_size // count
        self.slice = slice(number * size, (number + 1) * size)

    def __len__(self) -> int:
        """Return the number of draws of a whole epoch that belong to this process."""
        return len(self.draws) // self.batch_size * (self.slice.stop - self.slice.start)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield ``(index, seed)`` of each draw of this process."""
        draws = iter(self.draws)
        while len(batch := list(islice(draws, self.batch_size))) == self.batch_size:
            yield from batch[self.slice]
