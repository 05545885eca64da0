"""Label maps drawn from RLEs; each object is painted inside its own box."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.masks.buffers import Buffers
from maskwright.masks.overlap import paint_order
from maskwright.masks.rle import crop_columns
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
    weights: Sequence[float] = (),
    values: Sequence[int] | None = None,
    buffers: Buffers | None = None,
) -> LabelMap:
    """Draw N objects into one label map ``(H, W)`` of ``size`` and return it.

    ``rles``, ``labels`` and ``areas`` (mask areas in pixels) have length N, and so have ``weights`` for the rule
    ``priority``; see :func:`maskwright.masks.overlap.paint_order` for ``rule``. ``ignored`` masks (crowd regions) get
    ``ignore_index`` where no object lies: a labelled object inside a crowd is known, so it stays. ``values`` ``(N,)``
    are painted instead of the ``labels``; the rule still goes by the labels. With ``buffers`` the result is valid until
    the next call with them.

    Raises ``UsageError`` for an unknown rule.
    """
    height, width = size
    # Column-major like RLE, so that the columns of an object are one contiguous piece.
    buffers = buffers or Buffers()
    canvas = buffers.array("canvas", (width, height), dtype)
    canvas.fill(0)
    values = labels if values is None else values
    for rle, box in zip(ignored, boxes_of(ignored), strict=True):
        paint_mask_in_box(canvas, rle, box, ignore_index)
    boxes = boxes_of(rles)
    for i in paint_order(rule, labels, areas, weights):
        paint_mask_in_box(canvas, rles[i], boxes[i], values[i])
    label_map = buffers.array("label map", (height, width), dtype)
    cv2.transpose(canvas, label_map)
    return label_map


def boxes_of(rles: Sequence[Rle]) -> list[list[int]]:
    """Return the tight box of each RLE as ``[left, top, width, height]`` in pixels; width 0 for an empty mask."""
    return np.asarray(coco_mask.to_bbox(list(rles))).astype(int).tolist() if rles else []


def paint_mask_in_box(canvas: npt.NDArray[np.generic], rle: Rle, box: Sequence[int], label: int) -> None:
    """Set the pixels of ``rle`` to ``label`` in a transposed canvas ``(W, H)``; only the ``box`` (ltwh) is written."""
    left, top, width, height = box
    if width and height:
        inside = coco_mask.decode(crop_columns(rle, left, width)).T[:, top : top + height]
        np.copyto(
            canvas[left : left + width, top : top + height], canvas.dtype.type(label), where=inside.view(np.bool_)
        )
