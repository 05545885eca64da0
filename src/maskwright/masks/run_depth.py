"""Pixels that many masks cover once, several times and in pairs, counted by sorting the ends of their runs.

Merging masks one by one takes the square of their number. Here time grows as n log n with the number of runs, and with
the number of runs that overlap in pairs.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.rle import run_lengths
from maskwright.structures import Rle

Runs = npt.NDArray[np.int64]
"""Runs of foreground ``(R, 2)``: the column-major positions of their first pixel and behind their last."""

# Pairs of overlapping runs that are expanded at once.
_AT_ONCE = 1 << 21


def foreground_runs(rles: Sequence[Rle]) -> Runs:
    """Return the runs of foreground of all ``rles`` together, mask by mask."""
    return np.concatenate([np.empty((0, 2), np.int64), *map(_of_one, rles)])


def pixels_at_depth(runs: Runs) -> tuple[int, int]:
    """Return the numbers of pixels under at least one and under at least two of ``runs``."""
    positions, depth = _swept(runs)
    lengths = np.diff(positions, append=positions[-1:])
    return int(lengths[depth >= 1].sum()), int(lengths[depth >= 2].sum())


def united_runs(runs: Runs) -> Runs:
    """Return disjoint runs that cover the pixels of ``runs``, ascending."""
    positions, depth = _swept(runs)
    before = np.concatenate(([0], depth[:-1]))
    return np.stack([positions[(before == 0) & (depth == 1)], positions[depth == 0]], axis=1)


def shared_by_pair(runs_by_label: dict[int, Runs]) -> dict[tuple[int, int], int]:
    """Return the pixels that the disjoint runs of two labels share, by pair with the smaller label first.

    Pairs that share none are absent.

    Raises ``DataError`` when more runs overlap in pairs than the limit ``overlapping-runs``.
    """
    labels = sorted(runs_by_label)
    runs = np.concatenate([np.empty((0, 2), np.int64), *(runs_by_label[label] for label in labels)])
    places = np.repeat(np.arange(len(labels)), [len(runs_by_label[label]) for label in labels])
    order = np.argsort(runs[:, 0], kind="stable")
    (begins, ends), places = runs[order].T, places[order]
    # The runs that begin before this one ends follow it in this order.
    following = np.searchsorted(begins, ends) - np.arange(len(begins)) - 1
    reached = np.concatenate(([0], np.cumsum(following)))
    if reached[-1] > input_limit("overlapping-runs"):
        found = f"{reached[-1]:,} runs of its masks overlap in pairs"
        raise DataError(f"{found}; {beyond_limit('overlapping-runs')}.")
    shared = np.zeros(len(labels) ** 2)
    for start in range(0, int(reached[-1]), _AT_ONCE):
        pair = np.arange(start, min(start + _AT_ONCE, int(reached[-1])))
        one = np.searchsorted(reached, pair, side="right") - 1
        other = one + 1 + pair - reached[one]
        pixels = np.minimum(ends[one], ends[other]) - begins[other]
        lower, upper = np.minimum(places[one], places[other]), np.maximum(places[one], places[other])
        # Sums of pixels are whole numbers far below 2**53, which float64 holds exactly.
        shared += np.bincount(lower * len(labels) + upper, pixels, minlength=shared.size)
    found = np.flatnonzero(shared)
    return {(labels[i // len(labels)], labels[i % len(labels)]): int(shared[i]) for i in found.tolist()}


def _of_one(rle: Rle) -> Runs:
    lengths = run_lengths(rle)
    stops = np.cumsum(lengths)[1::2]
    runs = np.stack([stops - lengths[1::2], stops], axis=1)
    return runs[runs[:, 0] < runs[:, 1]]


def _swept(runs: Runs) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the ends of all runs in order, and the number of runs that cover what follows each."""
    positions = runs.T.ravel()
    step = np.repeat([1, -1], len(runs))
    # Where one run ends and another begins the begin comes first, so that the depth does not touch zero.
    order = np.lexsort((-step, positions))
    return positions[order], np.cumsum(step[order])
