"""Pairing true objects with predictions by overlap alone, whatever the scores: how well what is there was covered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ious = npt.NDArray[np.float64]


def best_overlaps(ious: Ious) -> Ious:
    """For each of G true objects its highest IoU ``(G,)`` with any of P predictions; ``ious`` is ``(P, G)``.

    One prediction may serve several objects. 0 where nothing overlaps.
    """
    return ious.max(axis=0, initial=0.0)


def one_to_one(ious: Ious) -> npt.NDArray[np.int64]:
    """For each of G true objects the prediction ``(G,)`` paired with it, -1 for none; ``ious`` is ``(P, G)``.

    Greedy: the pair of highest IoU first, then the next among what is free. Pairs do not overlap by 0.
    """
    partner = np.full(ious.shape[1], -1, np.int64)
    free_predictions = np.ones(ious.shape[0], np.bool_)
    for position in np.argsort(-ious, axis=None, kind="stable"):
        p, g = np.unravel_index(position, ious.shape)
        if ious[p, g] <= 0:
            break
        if free_predictions[p] and partner[g] < 0:
            partner[g] = p
            free_predictions[p] = False
    return partner


def paired_overlaps(ious: Ious, partner: npt.NDArray[np.int64]) -> Ious:
    """The IoU ``(G,)`` of each object with its partner of :func:`one_to_one`, 0 for none."""
    found = partner >= 0
    overlaps = np.zeros(len(partner))
    overlaps[found] = ious[partner[found], np.flatnonzero(found)]
    return overlaps


def overlap_scores(overlaps: Sequence[float] | Ious) -> dict[str, Any]:
    """``{"mean_IoU", "mean_Dice", "objects"}``: plain means over true objects, Dice = 2 IoU / (1 + IoU)."""
    values = np.asarray(overlaps, np.float64)
    return {
        "mean_IoU": float(values.mean()) if values.size else None,
        "mean_Dice": float((2 * values / (1 + values)).mean()) if values.size else None,
        "objects": int(values.size),
    }
