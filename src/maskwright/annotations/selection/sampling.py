"""Taking so many images, at random or in order, with so many at least that hold a class."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import numpy as np

from maskwright.errors import DataError


def sample_images(
    held: Mapping[int, Collection[str]], count: int | None, at_least: Mapping[str, int], seed: int, source: str
) -> set[int]:
    """:func:`first_images` in an order shuffled by ``seed``."""
    ids = sorted(held)
    order = [ids[position] for position in np.random.default_rng(seed).permutation(len(ids))]
    return first_images(held, order, count, at_least, source)


def first_images(
    held: Mapping[int, Collection[str]],
    order: Sequence[int],
    count: int | None,
    at_least: Mapping[str, int],
    source: str,
) -> set[int]:
    """The ids of at most ``count`` images (all when None), at least ``at_least[name]`` of which hold class ``name``.

    ``held`` gives the classes of each image, ``order`` the images. Those that meet most of what is still demanded are
    taken first, then the order fills the rest. So with one demanded class these are the first images, changed no more
    than the demand requires. ``source`` names the file in messages.

    Raises ``DataError`` when too few images hold a class, or the demands need more than ``count`` images. Finding the
    fewest images that meet several demands is set cover, so the greedy search may need a few more than the fewest.
    """
    for name, number in at_least.items():
        available = sum(name in classes for classes in held.values())
        if available < number:
            raise DataError(
                f"{source}: {available} of the images to choose from hold '{name}'; at least {number} "
                f"asked for. Lower it, or loosen the other choices."
            )
    needed = _meeting(held, order, at_least)
    if count is None or len(order) <= count:
        return set(order)
    if len(needed) > count:
        demands = ", ".join(f"{name}={number}" for name, number in at_least.items())
        raise DataError(
            f"{source}: at least {demands} takes {len(needed)} images; the most is {count}. "
            f"Raise it to {len(needed)}, or lower a demand."
        )
    rest = (image_id for image_id in order if image_id not in needed)
    return needed.union(islice(rest, count - len(needed)))


def _meeting(held: Mapping[int, Collection[str]], order: Sequence[int], at_least: Mapping[str, int]) -> set[int]:
    """A small set of images that meets the demands: greedily the image that meets most, the earliest of equals."""
    # Images that hold the same demanded classes are worth the same: one queue for each such set, in their order.
    queues: dict[frozenset[str], deque[tuple[int, int]]] = {}
    for position, image_id in enumerate(order):
        demanded = frozenset(name for name in at_least if name in held[image_id])
        if demanded:
            queues.setdefault(demanded, deque()).append((position, image_id))
    missing, taken = dict(at_least), set()
    while any(number > 0 for number in missing.values()):
        worth = {names: sum(missing[name] > 0 for name in names) for names, queue in queues.items() if queue}
        best = max(worth, key=lambda names: (worth[names], -queues[names][0][0]))
        taken.add(queues[best].popleft()[1])
        for name in best:
            missing[name] -= 1
    return taken
