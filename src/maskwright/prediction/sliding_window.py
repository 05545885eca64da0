"""Sliding-window prediction: a large image in overlapping square windows, which keeps small objects large enough."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch

from maskwright.masks.bands import row_bands
from maskwright.prediction.sources import Image

# Probabilities that are yielded at once, unless a single row has more: 64 MiB of float32.
_AT_ONCE = 1 << 24

Block = tuple[slice, slice]
"""The rows and the columns of a part of an image."""


def spans(side: int, window: int, overlap: float) -> list[slice]:
    """Return the spans of the windows of ``window`` pixels along a ``side`` of an image, from its start to its end.

    They are the fewest, evenly spread, whose neighbours share at least the part ``overlap`` (0 up to, but not, 1) of a
    window, as far as whole pixels allow. A side that is no longer than a window has one span.
    """
    if side <= window:
        return [slice(0, side)]
    step = max(1, math.floor(window * (1 - overlap)))
    gaps = math.ceil((side - window) / step)
    starts = [(side - window) * number // gaps for number in range(gaps + 1)]
    return [slice(start, start + window) for start in starts]


def predict_windows(
    predict: Callable[[Sequence[Image]], Sequence[torch.Tensor]],
    image: Image,
    window: int,
    overlap: float,
    batch: int = 1,
) -> Iterator[tuple[Block, torch.Tensor]]:
    """Yield blocks that cover ``image`` ``(H, W, 3)`` once, and their probabilities ``(K+1, rows, columns)``.

    The probability of a pixel is the mean over the windows that contain it. ``predict`` gets up to ``batch``
    neighbouring windows of one row, from the top, and returns their probabilities ``(K+1, window, window)``. A block is
    yielded as soon as no further window contains it. So memory grows neither with the height nor, but for the rows that
    windows share with those below them, with the width.
    """
    height, width = image.shape[:2]
    rows, columns = spans(height, window, overlap), spans(width, window, overlap)
    shared = max((above.stop - below.start for above, below in pairwise(rows)), default=0)
    carried = torch.empty(0)  # the sums of the windows above: row 0 is the first one of the next windows
    for row, rows_end in zip(rows, _starts_of_next(rows, height), strict=True):
        finished, left = rows_end - row.start, row.stop - rows_end
        total = torch.empty(0, 0, 0)
        found = _predicted(predict, image, row, columns, batch)
        for column, columns_end, probabilities in zip(columns, _starts_of_next(columns, width), found, strict=True):
            if not carried.numel():
                carried = probabilities.new_zeros((len(probabilities), shared, width))
            fresh = slice(column.start + total.shape[2], column.stop)
            entered = probabilities.new_zeros((*probabilities.shape[:2], fresh.stop - fresh.start))
            entered[:, :shared] = carried[..., fresh]
            total = torch.cat([total, entered], dim=2) if total.numel() else entered
            total += probabilities
            done, total = total.split([columns_end - column.start, column.stop - columns_end], dim=2)
            carried[:, :left, column.start : columns_end] = done[:, finished:]
            carried[:, left:, column.start : columns_end] = 0
            down, across = _windows_at(rows, row.start, rows_end), _windows_at(columns, column.start, columns_end)
            times = (down[:, None] * across).to(done)
            for part in row_bands((finished, done.shape[2] * len(done)), _AT_ONCE):
                place = slice(row.start + part.start, row.start + part.stop), slice(column.start, columns_end)
                yield place, done[:, part] / times[part]


def _predicted(
    predict: Callable[[Sequence[Image]], Sequence[torch.Tensor]],
    image: Image,
    row: slice,
    columns: Sequence[slice],
    batch: int,
) -> Iterator[torch.Tensor]:
    for first in range(0, len(columns), batch):
        yield from predict([image[row, column] for column in columns[first : first + batch]])


def _starts_of_next(spans_of_side: Sequence[slice], side: int) -> list[int]:
    """Return for each span the first pixel that is also in the next one, or for the last the end of the ``side``."""
    return [*(span.start for span in spans_of_side[1:]), side]


def _windows_at(spans_of_side: Sequence[slice], start: int, end: int) -> torch.Tensor:
    """Return the number of spans that hold each pixel of a side from ``start`` up to, but not, ``end``."""
    counts = torch.zeros(end - start, dtype=torch.int64)
    first = bisect_right(spans_of_side, start, key=lambda span: span.stop)
    last = bisect_left(spans_of_side, end, key=lambda span: span.start)
    for span in spans_of_side[first:last]:
        counts[max(0, span.start - start) : span.stop - start] += 1
    return counts
