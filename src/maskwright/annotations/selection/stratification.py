"""Stratified division of images into parts of exact sizes.

The method is the iterative stratification of Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label
Data", ECML PKDD 2011, Algorithm 1. It deals out the rarest class first, each image to the part that lacks most of that
class. Two things differ from the paper: parts have exactly the sizes asked for, and swaps reduce the remaining
deviations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.errors import UsageError

# Swaps tried for each image, and the most in total: large files need fewer for each image.
_TRIES_PER_UNIT, _MOST_TRIES = 50, 20_000

# The weight, in a swap, of a class's share of instances relative to its share of images. An image can hold a hundred
# instances, and classes are scored image by image: at 0.3 the shares of images on coco300 get no worse by swapping.
_INSTANCE_WEIGHT = 0.3

# Shares are sums of fractions. Differences below this are rounding, which must not change the result between machines.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Unit:
    """Images that go to one part together.

    ``size`` is their number, ``images`` the number that hold each class, ``instances`` the instances of each class.
    """

    size: int
    images: Mapping[int, int]
    instances: Mapping[int, int]


def part_sizes(total: int, ratios: Sequence[float]) -> list[int]:
    """Divide ``total`` by ``ratios`` into integers that add up to it, by largest remainders.

    Raises ``UsageError`` unless there are at least two ratios, all positive and finite.
    """
    shares = _shares(ratios)
    sizes = [int(total * share + _ROUNDING) for share in shares]
    by_remainder = sorted(range(len(sizes)), key=lambda part: (round(sizes[part] - total * shares[part], 9), part))
    for part in by_remainder[: total - sum(sizes)]:
        sizes[part] += 1
    return sizes


def stratify(units: Sequence[Unit], ratios: Sequence[float], seed: int) -> list[int]:
    """Return the part (0 to ``len(ratios) - 1``) of each unit.

    Parts have the sizes of :func:`part_sizes`, as far as units fit into them. A unit that fits into no part goes to the
    one with most room. The result depends only on the order of ``units`` and on ``seed``.

    Raises ``UsageError`` unless there are at least two ratios, all positive and finite.
    """
    rng = np.random.default_rng(seed)
    parts = _deal(units, ratios, rng)
    return _even_out(units, parts, _shares(ratios), rng)


def _shares(ratios: Sequence[float]) -> list[float]:
    if len(ratios) < 2 or not all(np.isfinite(ratio) and ratio > 0 for ratio in ratios):
        found = ":".join(f"{ratio:g}" for ratio in ratios)
        raise UsageError(f"Ratios {found}: expected at least two positive numbers, such as 8:1:1.")
    return [float(ratio) / sum(ratios) for ratio in ratios]


def _deal(units: Sequence[Unit], ratios: Sequence[float], rng: np.random.Generator) -> list[int]:
    """Assign each unit to a part by Algorithm 1 of the paper; parts take no more images than they have room for."""
    shares = _shares(ratios)
    room = part_sizes(sum(unit.size for unit in units), ratios)
    # Large groups come first, while there is room for them. Groups of one size come in random order.
    order = sorted(rng.permutation(len(units)).tolist(), key=lambda i: -units[i].size)
    holders: dict[int, list[int]] = {}
    left: dict[int, int] = {}
    for i in order:
        for label, count in units[i].images.items():
            holders.setdefault(label, []).append(i)
            left[label] = left.get(label, 0) + count
    lacking = {label: [share * count for share in shares] for label, count in left.items()}
    parts = [-1] * len(units)
    while left:
        rarest = min(left, key=lambda label: (left[label], label))
        for i in holders[rarest]:
            if parts[i] >= 0:
                continue
            parts[i] = part = _part_for(units[i].size, room, lacking[rarest], rng)
            room[part] -= units[i].size
            for label, count in units[i].images.items():
                lacking[label][part] -= count
                left[label] -= count
        left = {label: count for label, count in left.items() if count > 0}
    return parts


def _part_for(size: int, room: Sequence[int], lacking: Sequence[float], rng: np.random.Generator) -> int:
    """Return the part that ``size`` images go to.

    Of the parts with enough room, this is the one that lacks most of the class, then the one with most room.
    """
    fitting = [part for part in range(len(room)) if room[part] >= size]
    if not fitting:
        return max(range(len(room)), key=lambda part: room[part])
    claims = [(round(lacking[part], 9), room[part]) for part in fitting]
    best = [part for part, claim in zip(fitting, claims, strict=True) if claim == max(claims)]
    return best[0] if len(best) == 1 else best[rng.integers(len(best))]


def _even_out(
    units: Sequence[Unit], parts: Sequence[int], shares: Sequence[float], rng: np.random.Generator
) -> list[int]:
    """Swap units of one size between parts, at random, where that brings the classes closer to their shares.

    The distance is the sum over classes and parts of (found - wanted)² / wanted, Pearson's chi-squared.
    """
    parts = list(parts)
    weights, width = _weights(units)
    surplus = np.zeros((len(shares), width))
    for i, unit in enumerate(units):
        _add(surplus[parts[i]], unit, weights, 1)
    surplus -= np.outer(shares, surplus.sum(axis=0))
    for i, j in rng.integers(max(len(units), 1), size=(min(_TRIES_PER_UNIT * len(units), _MOST_TRIES), 2)).tolist():
        here, there = parts[i], parts[j]
        if here == there or units[i].size != units[j].size:
            continue
        change = np.zeros(width)
        _add(change, units[j], weights, 1)
        _add(change, units[i], weights, -1)
        length = change @ change
        gain = (2 * surplus[here] @ change + length) / shares[here]
        gain += (length - 2 * surplus[there] @ change) / shares[there]
        if gain < -_ROUNDING:
            surplus[here] += change
            surplus[there] -= change
            parts[i], parts[j] = there, here
    return parts


def _weights(units: Sequence[Unit]) -> tuple[tuple[dict[int, tuple[int, float]], ...], int]:
    """Return the column and the weight of each class, for images and for instances, and the number of columns."""
    totals: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for unit in units:
        for total, counts in zip(totals, (unit.images, unit.instances), strict=True):
            for label, count in counts.items():
                total[label] = total.get(label, 0) + count
    columns = iter(range(len(totals[0]) + len(totals[1])))
    weights = tuple(
        {label: (next(columns), (weight / count) ** 0.5) for label, count in total.items()}
        for total, weight in zip(totals, (1.0, _INSTANCE_WEIGHT), strict=True)
    )
    return weights, len(totals[0]) + len(totals[1])


def _add(row: np.ndarray, unit: Unit, weights: Sequence[Mapping[int, tuple[int, float]]], sign: int) -> None:
    for of_label, counts in zip(weights, (unit.images, unit.instances), strict=True):
        for label, count in counts.items():
            column, weight = of_label[label]
            row[column] += sign * weight * count
