"""Overlap rules: which object gets a pixel that several objects cover."""

from collections.abc import Sequence
from typing import get_args

from maskwright.errors import unknown_name
from maskwright.structures import OverlapRule

OVERLAP_RULES: tuple[str, ...] = get_args(OverlapRule)


def paint_order(rule: str, labels: Sequence[int], areas: Sequence[int], weights: Sequence[float] = ()) -> Sequence[int]:
    """Return the order in which to paint N objects, so that the object to keep a pixel by the ``rule`` is painted last.

    ``last`` and ``first`` go by position in the file, ``smallest`` by mask area in pixels, ``highest-index`` by class
    index, ``priority`` by ``weights`` ``(N,)``, where the largest weight wins. Ties go to the later object of the file.

    Raises ``UsageError`` for an unknown rule.
    """
    positions = range(len(labels))
    if rule == "last":
        return positions
    if rule == "first":
        return positions[::-1]
    if rule == "smallest":
        return sorted(positions, key=lambda i: -areas[i])
    if rule == "highest-index":
        return sorted(positions, key=lambda i: labels[i])
    if rule == "priority":
        return sorted(positions, key=lambda i: weights[i])
    raise unknown_name("overlap rule", rule, OVERLAP_RULES)
