"""Choice of a number of images, at random or in order, with a minimum of images for chosen classes."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import numpy as np

from maskwright.errors import DataError


def sample_images(
    held: Mapping[int, Collection[str]], count: int | None, at_least: Mapping[str, int], seed: int, source: str
) -> set[int]:
    """Return the ids of at most ``count`` images drawn at random.

    This is :func:`first_images` of the ids in an order that ``seed`` shuffles. The order of ``held`` does not matter.
    """
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
    """Return the ids of at most ``count`` images, among them ``at_least[name]`` that hold class ``name``.

    With ``count`` None all ids are returned. ``held`` gives the classes by image id, ``order`` the ids to choose from,
    ``source`` the file for messages. A greedy search first takes the images that meet most of the open demands. The
    remaining places are filled in order. With one demanded class these are the first images, changed no more than the
    demand requires. Finding the fewest images that meet several demands is a set cover, so the greedy search may take a
    few more than necessary.

    Raises ``DataError`` when too few images hold a class, or when the demands need more than ``count`` images.
    """
    for name, number in at_least.items():
        available = sum(name in classes for classes in held.values())
        if available < number:
            raise DataError(
                f"{source}: {available} of the images to choose from hold '{name}'; expected at least {number}. "
                "Ask for fewer, or loosen the other rules."
            )
    needed = _meeting(held, order, at_least)
    if count is None or len(order) <= count:
        return set(order)
    if len(needed) > count:
        demands = ", ".join(f"{name}={number}" for name, number in at_least.items())
        raise DataError(
            f"{source}: at least {demands} takes {len(needed)} images; expected at most {count}. "
            f"Raise the maximum to {len(needed)}, or ask for fewer."
        )
    rest = (image_id for image_id in order if image_id not in needed)
    return needed.union(islice(rest, count - len(needed)))


def _meeting(held: Mapping[int, Collection[str]], order: Sequence[int], at_least: Mapping[str, int]) -> set[int]:
    """Return a small set of images that meets the demands, found greedily.

    Each step takes the image that meets most of the open demands; of equal images, the earliest in ``order``.
    """
    # Images that hold the same demanded classes are of equal worth: each such set of classes has one queue, in order.
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
