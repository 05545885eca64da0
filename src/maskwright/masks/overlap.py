"""Overlap rules: which object keeps a pixel that several objects cover."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt

from maskwright.errors import unknown_name
from maskwright.structures import OverlapRule

OVERLAP_RULES: tuple[str, ...] = get_args(OverlapRule)


def paint_order(rule: str, labels: Sequence[int], areas: Sequence[int]) -> npt.NDArray[np.intp]:
    """The order in which to paint N objects so that painting over gives each pixel to the rule's winner.

    ``last`` and ``first`` go by position in the file, ``smallest`` by mask area in pixels, ``highest-index`` by class
    index. Equal objects keep file order, so the later one wins.

    Raises ``UsageError`` for an unknown rule.
    """
    count = len(labels)
    if rule == "last":
        return np.arange(count)
    if rule == "first":
        return np.arange(count)[::-1]
    if rule == "smallest":
        return np.argsort(-np.asarray(areas, np.int64), kind="stable")
    if rule == "highest-index":
        return np.argsort(np.asarray(labels, np.int64), kind="stable")
    raise unknown_name("overlap rule", rule, OVERLAP_RULES)
