"""What an overlap rule decides: the pixels that change class when another rule is chosen."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from maskwright.masks.label_map import draw_label_map
from maskwright.structures import LabelMap, Rle

Moves = Counter[tuple[int, int]]


def moved_pixels(before: LabelMap, after: LabelMap) -> Moves:
    """How many pixels went from one label to another, by ``(label before, label after)``; maps ``(H, W)``."""
    changed = before != after
    pairs, counts = np.unique(before[changed].astype(np.uint32) << 16 | after[changed], return_counts=True)
    return Counter({(int(pair >> 16), int(pair & 0xFFFF)): int(n) for pair, n in zip(pairs, counts, strict=True)})


def moves_by_rule(
    size: tuple[int, int],
    rles: Sequence[Rle],
    labels: Sequence[int],
    areas: Sequence[int],
    rules: Sequence[str],
    weights: Sequence[float] = (),
) -> dict[str, Moves]:
    """For each of ``rules``, the pixels that move when N objects are drawn by it instead of by ``last``.

    Crowds play no part: where they meet an object, the object stays under every rule.
    """
    dtype = np.uint16 if max(labels, default=0) > 254 else np.uint8
    base = draw_label_map(size, rles, labels, areas, dtype=dtype)
    return {
        rule: moved_pixels(base, draw_label_map(size, rles, labels, areas, rule=rule, weights=weights, dtype=dtype))
        for rule in rules
        if rule != "last"
    }
