"""Label maps drawn from RLEs, each object painted inside its own box."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.masks.overlap import paint_order
from maskwright.masks.rle import run_lengths
from maskwright.structures import LabelMap, Rle


def draw_label_map(
    size: tuple[int, int],
    rles: Sequence[Rle],
    labels: Sequence[int],
    areas: Sequence[int],
    *,
    rule: str = "last",
    ignored: Sequence[Rle] = (),
    ignore_index: int = 255,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
) -> LabelMap:
    """Draw N objects into one label map ``(H, W)``.

    ``ignored`` regions (crowds) get ``ignore_index`` where no object lies: a labelled object inside a crowd is known,
    so it stays. ``areas`` are mask areas in pixels.
    """
    height, width = size
    # Column-major like RLE, so that the columns of an object are one contiguous piece.
    canvas = np.zeros((width, height), dtype)
    for rle in ignored:
        paint(canvas, rle, ignore_index)
    for i in paint_order(rule, labels, areas):
        paint(canvas, rles[i], labels[i])
    return np.ascontiguousarray(canvas.T)


def paint(canvas: npt.NDArray[np.generic], rle: Rle, label: int) -> None:
    """Set the pixels of ``rle`` to ``label`` in a transposed canvas ``(W, H)``; only the columns of the object move."""
    height = canvas.shape[1]
    lengths = run_lengths(rle)
    if len(lengths) < 2:
        return
    first = int(lengths[0]) // height
    foreground_end = int(lengths[: len(lengths) // 2 * 2].sum())
    stop = -(-foreground_end // height)
    inside = lengths[: len(lengths) // 2 * 2].copy()
    inside[0] -= first * height
    strip = np.zeros((stop - first) * height, np.bool_)
    drawn = np.repeat(np.arange(len(inside)) % 2 == 1, inside)
    strip[: len(drawn)] = drawn
    np.copyto(canvas[first:stop], np.asarray(label, canvas.dtype), where=strip.reshape(stop - first, height))
