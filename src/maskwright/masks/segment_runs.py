"""Masks of all segments of a map at once, from the runs of equal ids; no segment is drawn as a dense mask."""

import numpy as np

from maskwright.errors import DataError
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.rle import RasterisedMask, compress
from maskwright.structures import SegmentIds


def segment_masks(ids: SegmentIds) -> dict[int, RasterisedMask]:
    """Return the mask of each value in ``ids`` ``(H, W)``, in ascending order of the values.

    Raises ``DataError`` for more runs of equal ids in the columns than the limit ``label-map-runs``, and for more
    values than ``panoptic-segments``.
    """
    height, width = ids.shape
    columns = np.ascontiguousarray(ids.T).ravel()
    changes = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    starts, stops = np.concatenate(([0], changes)), np.concatenate((changes, [columns.size]))
    _require_few(len(starts), "runs of equal ids in its columns", "label-map-runs")
    values = columns[starts]
    order = np.argsort(values, kind="stable")
    present, first = np.unique(values[order], return_index=True)
    _require_few(len(present), "segments", "panoptic-segments")
    masks = {}
    for value, runs in zip(present.tolist(), np.split(order, first[1:]), strict=True):
        edges = np.stack([starts[runs], stops[runs]], axis=1).ravel()
        lengths = np.diff(edges, prepend=0, append=columns.size)
        masks[value] = RasterisedMask(compress(lengths, height, width), int(lengths[1::2].sum()))
    return masks


def _require_few(found: int, what: str, limit: str) -> None:
    if found > input_limit(limit):
        raise DataError(f"it has {found:,} {what}; {beyond_limit(limit)}")
