"""Sliding window: a large image predicted in overlapping squares, so that small things stay large enough to be seen."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch

from maskwright.prediction.sources import Image


def spans(side: int, window: int, overlap: float) -> list[slice]:
    """Where windows of ``window`` pixels lie along a ``side`` of an image, the first at its start, the last at its end.

    They are the fewest, evenly spread, of which neighbours share at least the part ``overlap`` (0 up to 1), as far as
    whole pixels allow. One window covers a side that is no longer than it.
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
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield rows of ``image`` ``(H, W, 3)``, from the top, and their probabilities ``(K+1, rows, W)``.

    A pixel's are the mean over the windows that hold it, whose probabilities ``(K+1, window, window)`` are
    ``predict``'s, which gets up to ``batch`` neighbours of one row. Rows come as soon as no further window holds them,
    so that memory does not grow with the height.
    """
    height, width = image.shape[:2]
    rows, columns = spans(height, window, overlap), spans(width, window, overlap)
    total = times = torch.empty(0)
    for row, following in zip(rows, [*rows[1:], slice(height, height)], strict=True):
        for first in range(0, len(columns), batch):
            together = columns[first : first + batch]
            answers = predict([image[row, column] for column in together])
            for column, found in zip(together, answers, strict=True):
                if column.start == 0:
                    total = _grown(total, (len(found), found.shape[1], width), found)
                    times = _grown(times, (found.shape[1], width), found)
                total[:, :, column] += found
                times[:, column] += 1
        finished = following.start - row.start
        yield slice(row.start, following.start), total[:, :finished] / times[:finished]
        total, times = total[:, finished:], times[finished:]


def _grown(carried: torch.Tensor, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Zeros of ``shape``, whose first rows are those of ``carried``."""
    grown = like.new_zeros(shape)
    if carried.numel():
        grown[..., : carried.shape[-2], :] = carried
    return grown
