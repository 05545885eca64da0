"""The overlap audit: the pixels that change their label when another overlap rule is chosen."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from maskwright.masks.label_map import draw_label_map
from maskwright.structures import LabelMap, Rle

Moves = Counter[tuple[int, int]]


def moved_pixels(before: LabelMap, after: LabelMap) -> Moves:
    """Count the pixels that differ between two label maps ``(H, W)``, by ``(label before, label after)``."""
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
    """Count, for each of ``rules``, the pixels whose label changes when it replaces the rule ``last``.

    The arguments are those of :func:`maskwright.masks.label_map.draw_label_map`. Crowd regions have no influence: where
    they meet an object, the object keeps the pixel under every rule.
    """
    dtype = np.uint16 if max(labels, default=0) > 254 else np.uint8
    base = draw_label_map(size, rles, labels, areas, dtype=dtype)
    return {
        rule: moved_pixels(base, draw_label_map(size, rles, labels, areas, rule=rule, weights=weights, dtype=dtype))
        for rule in rules
        if rule != "last"
    }
