"""Matching of objects with predictions by IoU alone, whatever the scores: how well the objects are covered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ious = npt.NDArray[np.float64]

_AT_A_TIME = 1 << 16


def best_overlaps(ious: Ious) -> Ious:
    """Return the highest IoU ``(G,)`` of each of G true objects with any of P predictions; ``ious`` is ``(P, G)``.

    One prediction may serve several objects. The IoU is 0 where nothing overlaps.
    """
    return ious.max(axis=0, initial=0.0)


def one_to_one(ious: Ious) -> npt.NDArray[np.int64]:
    """Return the prediction ``(G,)`` matched with each of G true objects, -1 for none; ``ious`` is ``(P, G)``.

    Matching is greedy: the pair of highest IoU first, then the next among the free ones. A pair has an IoU above 0.
    """
    partner = np.full(ious.shape[1], -1, np.int64)
    free = np.ones(ious.shape[0], np.bool_)
    rows, columns = np.nonzero(ious > 0)
    order = np.argsort(-ious[rows, columns], kind="stable")
    for start in range(0, len(order), _AT_A_TIME):
        ranked = order[start : start + _AT_A_TIME]
        # Of thousands of objects on an image, most pairs come when both are taken.
        ranked = ranked[free[rows[ranked]] & (partner[columns[ranked]] < 0)]
        for p, g in zip(rows[ranked].tolist(), columns[ranked].tolist(), strict=True):
            if free[p] and partner[g] < 0:
                partner[g], free[p] = p, False
    return partner


def paired_overlaps(ious: Ious, partner: npt.NDArray[np.int64]) -> Ious:
    """Return the IoU ``(G,)`` of each object with its ``partner`` of :func:`one_to_one`, 0 for none."""
    found = partner >= 0
    overlaps = np.zeros(len(partner))
    overlaps[found] = ious[partner[found], np.flatnonzero(found)]
    return overlaps


def overlap_scores(overlaps: Sequence[float] | Ious) -> dict[str, Any]:
    """Return ``{"mean_IoU", "mean_Dice", "objects"}``: means over true objects, with Dice = 2 IoU / (1 + IoU).

    The means are None without an object.
    """
    values = np.asarray(overlaps, np.float64)
    return {
        "mean_IoU": float(values.mean()) if values.size else None,
        "mean_Dice": float((2 * values / (1 + values)).mean()) if values.size else None,
        "objects": int(values.size),
    }
