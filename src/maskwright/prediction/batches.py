"""Batches for prediction: images that a network sees at one size go together, and results keep the input order."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# How many batches of images are read ahead, so that images of equal size can fill a batch among images of many sizes.
LOOKAHEAD = 4


def in_batches(
    items: Iterable[Item],
    size_of: Callable[[Item], Hashable],
    predict: Callable[[list[Item]], Sequence[Result]],
    batch: int,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, in the order of ``items``.

    ``predict`` gets at most ``batch`` items of equal ``size_of`` at a time and returns a result for each. ``items`` are
    read when they are needed. At most ``LOOKAHEAD * batch`` are held, with ``batch`` 1 only one.
    """
    for held in _chunks(items, batch if batch == 1 else LOOKAHEAD * batch):
        results: dict[int, Result] = {}
        for numbers in _groups(held, size_of):
            for part in _chunks(numbers, batch):
                results.update(zip(part, predict([held[number] for number in part]), strict=True))
        for number, item in enumerate(held):
            yield item, results.pop(number)


def _groups(items: Sequence[Item], size_of: Callable[[Item], Hashable]) -> list[list[int]]:
    """Return the positions of the items of each size."""
    if len(items) == 1:  # whose size does not matter
        return [[0]]
    groups: dict[Hashable, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(size_of(item), []).append(number)
    return list(groups.values())


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of ``size`` items; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
