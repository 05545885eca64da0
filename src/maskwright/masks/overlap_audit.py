"""The overlap audit: the pixels that change their label when another overlap rule is chosen."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from maskwright.masks.bands import pixel_bands
from maskwright.masks.buffers import Buffers
from maskwright.masks.label_map import draw_label_map
from maskwright.structures import LabelMap, Rle

Moves = Counter[tuple[int, int]]


def moved_pixels(before: LabelMap, after: LabelMap) -> Moves:
    """Count the pixels that differ between two label maps ``(H, W)``, by ``(label before, label after)``."""
    moves: Moves = Counter()
    for one, other in pixel_bands(before, after):
        changed = one != other
        pairs = one[changed].astype(np.uint32) << 16 | other[changed]
        # Of runs of equal pairs, so that few numbers are sorted.
        starts = np.flatnonzero(np.diff(pairs, prepend=~pairs[:1]))
        values, places = np.unique(pairs[starts], return_inverse=True)
        pixels = np.bincount(places, np.diff(starts, append=pairs.size), len(values))
        moves.update({(v >> 16, v & 0xFFFF): int(n) for v, n in zip(values.tolist(), pixels.tolist(), strict=True)})
    return moves


def moves_by_rule(
    size: tuple[int, int],
    rles: Sequence[Rle],
    labels: Sequence[int],
    areas: Sequence[int],
    rules: Sequence[str],
    weights: Sequence[float] = (),
    buffers: Buffers | None = None,
) -> dict[str, Moves]:
    """Count, for each of ``rules``, the pixels whose label changes when it replaces the rule ``last``.

    The arguments are those of :func:`maskwright.masks.label_map.draw_label_map`. Crowd regions have no influence: where
    they meet an object, the object keeps the pixel under every rule.
    """
    dtype = np.uint16 if max(labels, default=0) > 254 else np.uint8
    buffers = buffers or Buffers()
    base = draw_label_map(size, rles, labels, areas, dtype=dtype, buffers=buffers).copy()
    return {
        rule: moved_pixels(
            base, draw_label_map(size, rles, labels, areas, rule=rule, weights=weights, dtype=dtype, buffers=buffers)
        )
        for rule in rules
        if rule != "last"
    }
