"""Sliding-window prediction: a large image in overlapping square windows, which keeps small objects large enough."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch

from maskwright.masks.bands import row_bands
from maskwright.prediction.sources import Image

# Probabilities of a band, unless a single row has more: 64 MiB of float32.
_AT_ONCE = 1 << 24


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
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield bands of rows of ``image`` ``(H, W, 3)``, from the top, and their probabilities ``(K+1, rows, W)``.

    The probability of a pixel is the mean over the windows that contain it. ``predict`` gets up to ``batch``
    neighbouring windows of one row and returns their probabilities ``(K+1, window, window)``. A band is yielded as soon
    as no further window contains it, so that memory does not grow with the height.
    """
    height, width = image.shape[:2]
    rows, columns = spans(height, window, overlap), spans(width, window, overlap)
    total = times = torch.empty(0)
    for row, following in zip(rows, [*rows[1:], slice(height, height)], strict=True):
        for first in range(0, len(columns), batch):
            together = columns[first : first + batch]
            answers = predict([image[row, column] for column in together])
            for column, found in zip(together, answers, strict=True):
                if not total.numel():  # all windows have the same height
                    total = found.new_zeros((len(found), found.shape[1], width))
                    times = found.new_zeros((found.shape[1], width))
                total[:, :, column] += found
                times[:, column] += 1
        finished = following.start - row.start
        for part in row_bands((finished, width * len(total)), _AT_ONCE):
            yield slice(row.start + part.start, row.start + part.stop), total[:, part] / times[part]
        total, times = _shifted(total, finished), _shifted(times, finished)


def _shifted(sums: torch.Tensor, finished: int) -> torch.Tensor:
    """Return ``sums`` ``(…, rows, W)`` without the rows that are ``finished``, and as many zeros below, in place.

    New memory for each row of windows would be beside the old for a moment, and twice as much in all.
    """
    rest = sums[..., finished:, :].clone()
    sums[..., : rest.shape[-2], :] = rest
    sums[..., rest.shape[-2] :, :] = 0
    return sums
