"""Overlays of label maps and instances on images, and the legend of their colours."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import cv2
import hotcoco.mask
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.images.fonts import can_write
from maskwright.images.lettering import (
    SMALLEST_SCALE,
    Color,
    Image,
    Rectangle,
    draw_tag,
    draw_text,
    shorten,
    text_size,
)
from maskwright.structures import ClassTable, Instances, LabelMap, Rle

_WIDEST_LEGEND = 4000
IGNORE_COLORS = ((96, 96, 96), (176, 176, 176))


def overlay_label_map(
    image: Image, label_map: LabelMap, table: ClassTable, alpha: float = 0.5, with_legend: bool = False
) -> Image:
    """Return ``image`` ``(H, W, 3)`` with the classes of ``label_map`` ``(H, W)`` blended in and outlined.

    ``alpha`` is the weight of the class colours. Ignored pixels are hatched grey; background pixels stay as they are.
    ``with_legend`` adds rows at the bottom with the colours and names of the classes that occur.

    Raises ``DataError`` when the sizes differ or a label is not in ``table``.
    """
    _require_size("label map", label_map.shape, image)
    key = _legend_below(image, label_map, table) if with_legend else image[:0]
    drawn, line, stripe = (
        np.empty((len(image) + len(key), *image.shape[1:]), np.uint8),
        _line_width(image),
        _stripe_width(image),
    )
    drawn[len(image) :] = key
    palette, ignored_colors = table.palette(), np.asarray(IGNORE_COLORS, np.uint8)
    for rows, seen in _bands(label_map.shape, line):
        band = label_map[rows]
        ignored = band == table.ignore_index
        labels = np.where(ignored, 0, band)
        _require_labels(labels, len(table), lowest=0)
        colors = palette.take(labels, axis=0)
        if ignored.any():
            colors[ignored] = ignored_colors[_stripes(rows, band.shape[1], stripe)[ignored].astype(np.intp)]
        borders = _borders(label_map[seen], line)[rows.start - seen.start :][: len(band)]
        drawn[rows] = _painted(image[rows], colors, alpha, band > 0, borders & (band > 0))
    return drawn


def _legend_below(image: Image, label_map: LabelMap, table: ClassTable) -> Image:
    """Return the legend, as wide as ``image``, of the classes that occur in ``label_map``."""
    seen = {int(label) for rows, _ in _bands(label_map.shape, 0) for label in np.unique(label_map[rows])}
    return legend(table, seen, max(SMALLEST_SCALE, min(image.shape[:2]) / 900), image.shape[1])


def overlay_instances(
    image: Image,
    instances: Instances,
    table: ClassTable,
    alpha: float = 0.5,
    show_scores: bool = True,
    enlarge: int = 1,
) -> Image:
    """Return ``image`` ``(H, W, 3)`` with the mask, outline, box, class name and score of each object.

    Crowd regions are hatched. Large objects are drawn first, so that small ones stay visible. A tag has the name of the
    class, or its index as ``#3`` where the machine has no letters for the name. It hides at most a quarter of any box;
    where there is no such place the tag is omitted, and the colour tells the class. ``alpha`` is the weight of a mask's
    colour. The result is ``enlarge`` times as high and as wide as the image, for tags beside the objects of small
    images.

    Raises ``DataError`` when the sizes differ or a label is not in ``table``.
    """
    _require_size("instances", instances.size, image)
    _require_labels(instances.labels, len(table), lowest=1)
    canvas = image.copy()
    if not len(instances):
        return _enlarged(canvas, enlarge)
    ordered = instances[np.argsort(-_areas(instances), kind="stable")]
    colors = [table.classes[label - 1].color for label in ordered.labels]
    for rle, color, crowd in zip(ordered.masks, colors, ordered.crowd, strict=True):
        _paint_mask(canvas, _decode(rle), color, alpha, bool(crowd))

    canvas, (height, width) = _enlarged(canvas, enlarge), instances.size
    boxes = [_pixel_box(box * enlarge, (height * enlarge, width * enlarge)) for box in ordered.boxes]
    for (x1, y1, x2, y2), color in zip(boxes, colors, strict=True):
        cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), color, _line_width(canvas))
    _tag_boxes(canvas, _tag_texts(ordered, table, show_scores), boxes, colors)
    return canvas


def written_name(table: ClassTable, index: int) -> str:
    """Return the name of class ``index``, or ``#3`` for class 3 where the machine has no letters for its name."""
    name = table.classes[index - 1].name
    return name if can_write(name) else f"#{index}"


def legend(
    table: ClassTable, labels: Iterable[int] | None = None, scale: float = 0.5, width: int | None = None
) -> Image:
    """Return a white image ``(rows, W, 3)`` with the colour and name of each class, or of those in ``labels`` only.

    ``scale`` is that of :func:`maskwright.images.lettering.text_size`. With a ``width`` in pixels, a row has as many
    classes as fit; else it has one.
    """
    wanted = None if labels is None else {int(label) for label in labels}
    shown = [c for c in table if wanted is None or c.index in wanted]
    row = round(44 * scale)
    names = [shorten(written_name(table, c.index), scale, (width or _WIDEST_LEGEND) - row - row // 2) for c in shown]
    widths = [row + text_size(name, scale)[0] + row // 2 for name in names]
    places = _flowing(widths, width or 0)
    strip = np.full((max(row * (max((line for line, _ in places), default=-1) + 1), 1), 1, 3), 255, np.uint8)
    strip = np.repeat(strip, width or max(widths, default=row), axis=1)
    for (line, left), c, name in zip(places, shown, names, strict=True):
        top, inset = line * row, row // 5
        strip[top + inset : top + row - inset, left + inset : left + row - inset] = c.color
        draw_text(strip, name, left + row, top + (row + text_size("X", scale)[1]) // 2, scale, (20, 20, 20))
    return strip


def _flowing(widths: Sequence[int], width: int) -> list[tuple[int, int]]:
    """Return the line and the left edge of each entry, as many in a line as fit into ``width``."""
    places: list[tuple[int, int]] = []
    line, left = -1, width
    for each in widths:
        if left + each > width:
            line, left = line + 1, 0
        places.append((line, left))
        left += each
    return places


def _require_size(what: str, size: tuple[int, ...], image: Image) -> None:
    if tuple(size) != image.shape[:2] or image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            f"The {what} has size {tuple(size)} and the image has shape {image.shape}; expected (H, W) and (H, W, 3) "
            "with the same H and W. Draw over the image that the masks belong to."
        )


def _require_labels(labels: npt.NDArray[np.integer], classes: int, lowest: int) -> None:
    if labels.size and (labels.min() < lowest or labels.max() > classes):
        wrong = sorted(set(np.unique(labels).tolist()) - set(range(lowest, classes + 1)))
        raise DataError(
            f"Labels {wrong[:5]} are not in the class table; expected {lowest}..{classes}. "
            "Use the classes.json that was written with these masks."
        )


def _areas(instances: Instances) -> npt.NDArray[np.int64]:
    return np.array([hotcoco.mask.area(cast("Any", rle)) for rle in instances.masks], np.int64)


def _decode(rle: Rle) -> npt.NDArray[np.bool_]:
    return hotcoco.mask.decode(cast("Any", rle)).astype(np.bool_)


def _line_width(image: Image) -> int:
    return max(1, round(min(image.shape[:2]) / 250))


# Pixels that are blended at once: blending takes twenty bytes a pixel.
_BAND = 1 << 22


def _bands(size: tuple[int, ...], margin: int) -> Iterator[tuple[slice, slice]]:
    """Yield bands of rows of an image of ``size``, from the top, and each with up to ``margin`` more on both sides."""
    height, width = size
    rows = max(1, _BAND // max(width, 1))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield slice(top, bottom), slice(max(top - margin, 0), min(bottom + margin, height))


def _stripe_width(image: Image) -> int:
    """Return the width of stripes, which grow with the image, so that they show when it is scaled down."""
    return max(2, min(image.shape[:2]) // 80)


def _stripes(rows: slice, columns: int, width: int) -> npt.NDArray[np.bool_]:
    """Return diagonal stripes of ``width`` in the ``rows`` of an image of so many ``columns``, bool."""
    row, column = np.ogrid[rows.start : rows.stop, :columns]
    return (row + column) // width % 2 == 0


def _borders(labels: LabelMap, width: int) -> npt.NDArray[np.bool_]:
    """Return the pixels ``(H, W)`` at most ``width`` away from another label; the image's own edge is no border."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)


def _painted(
    image: Image, colors: Image, alpha: float, filled: npt.NDArray[np.bool_], solid: npt.NDArray[np.bool_]
) -> Image:
    """Return ``image`` with ``colors`` blended in by ``alpha`` where it is ``filled``, and alone where ``solid``."""
    painted, blended = image.copy(), cv2.addWeighted(image, 1 - alpha, colors, alpha, 0)
    for source, mask in ((blended, filled), (colors, solid)):
        cv2.copyTo(source, mask.view(np.uint8), painted)
    return painted


def _paint_mask(canvas: Image, mask: npt.NDArray[np.bool_], color: Color, alpha: float, crowd: bool) -> None:
    """Blend one mask ``(H, W)`` into ``canvas`` in place, inside the mask's bounding box only."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return
    # One pixel more on each side: the outline needs to see the background around the mask.
    first, columns = max(top - 1, 0), slice(max(left - 1, 0), left + width + 1)
    inside, line, stripe = mask[first : top + height + 1, columns], _line_width(canvas), _stripe_width(canvas)
    for rows, seen in _bands(inside.shape, line):
        band, here = inside[rows], slice(first + rows.start, first + rows.stop)
        filled = band & _stripes(here, canvas.shape[1], stripe)[:, columns] if crowd else band
        borders = _borders(inside[seen].view(np.uint8), line)[rows.start - seen.start :][: len(band)]
        colors = np.frombuffer(bytes(color) * band.size, np.uint8).reshape(
            *band.shape, 3
        )  # np.full takes ten times as long
        canvas[here, columns] = _painted(canvas[here, columns], colors, alpha, filled, borders & band)


def _pixel_box(box: npt.NDArray[np.float32], size: tuple[int, int]) -> Rectangle:
    """Return the xyxy box rounded to pixels, inside the image and at least one pixel large."""
    x1, y1, x2, y2 = (round(float(side)) for side in box)
    left, top = min(max(x1, 0), size[1] - 1), min(max(y1, 0), size[0] - 1)
    return left, top, min(max(x2, left + 1), size[1]), min(max(y2, top + 1), size[0])


def _tag_texts(instances: Instances, table: ClassTable, show_scores: bool) -> list[str]:
    names = [written_name(table, int(label)) for label in instances.labels]
    if not show_scores:
        return names
    return [f"{name} {score:.2f}" for name, score in zip(names, instances.scores, strict=True)]


def _tag_boxes(canvas: Image, texts: list[str], boxes: list[Rectangle], colors: list[Color]) -> None:
    """Draw the tags in place, above all masks and boxes, where they overlap no tag and leave the objects visible."""
    scale = max(SMALLEST_SCALE, min(canvas.shape[:2]) / 750)
    taken: list[Rectangle] = []
    for text, box, color in zip(texts, boxes, colors, strict=True):
        tag = draw_tag(canvas, text, box, color, scale, taken, boxes)
        if tag is not None:
            taken.append(tag)


def _enlarged(canvas: Image, factor: int) -> Image:
    """Return ``canvas`` with each pixel as a square of ``factor`` × ``factor``."""
    return canvas if factor == 1 else np.repeat(np.repeat(canvas, factor, axis=0), factor, axis=1)
