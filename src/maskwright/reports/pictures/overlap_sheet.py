"""A sheet of the images that an overlap rule changes most: before, after, and the changed pixels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from maskwright.control_characters import escape_controls
from maskwright.images.lettering import Color
from maskwright.masks.bands import pixel_bands
from maskwright.masks.overlap_audit import moved_pixels
from maskwright.reports.pictures.lettering import (
    INK,
    MUTED,
    PAPER,
    Swatch,
    draw_entry,
    draw_text,
    entry_length,
    text_length,
)
from maskwright.structures import IGNORED_COLOR, ClassTable, LabelMap

Picture = npt.NDArray[np.uint8]

# A landscape or square picture is as wide as its cell; a portrait one is centred in it.
CELL, TALLEST = 400, 400
MARGIN, GAP, LINE = 32, 12, 24
NOTHING, STILL = (237, 239, 242), (208, 212, 218)

_WIDTH = 3 * CELL + 2 * GAP
_SWATCH, _BETWEEN, _NARROWEST_COLUMN = Swatch(side=12, gap=6, drop=3), 18, 140
# A larger map is drawn from every second, third, … of its rows or columns.
_FINEST = 8 * CELL


@dataclass(frozen=True)
class OverlapRow:
    """The label maps ``(H, W)`` of one image by two overlap rules."""

    file_name: str
    before: LabelMap
    after: LabelMap


def overlap_sheet(rows: Iterable[OverlapRow], table: ClassTable, before: str, after: str) -> Picture:
    """Draw the N ≥ 1 ``rows``: by the rule ``before``, by the rule ``after``, and the changed pixels alone.

    Above each row are its file name and the class pairs with most changed pixels. Below all rows is a legend of the
    classes of ``table`` that occur. Returns ``(H, W, 3)`` uint8 RGB; the width is that of three cells, two gaps and two
    margins. One row is in memory at a time.
    """
    colors = _colors(table)
    names = table.names_with_background
    parts, pixels = [_titles(before, after)], Counter[int]()
    for row in rows:
        parts += [_caption(row, names, colors), _cells(row, colors)]
        pixels += _labels_of(row)
    parts.append(_legend(_in_order(pixels, table), names, colors))
    return _framed(parts)


def _titles(before: str, after: str) -> Image.Image:
    line = _paper(LINE)
    pen = ImageDraw.Draw(line)
    for position, title in enumerate((before, after, "what moved, in its new class")):
        draw_text(pen, title, position * (CELL + GAP), 0, INK)
    return line


def _caption(row: OverlapRow, names: Sequence[str], colors: Picture) -> Image.Image:
    """Draw the file name at the left, and at the right as many class pairs as fit."""
    line = _paper(LINE + GAP)
    pen = ImageDraw.Draw(line)
    moves = moved_pixels(row.before, row.after)
    draw_text(pen, _fitting(row.file_name, CELL), 0, GAP, MUTED)
    left = CELL + GAP
    left += _write(pen, f"{moves.total():,} pixels moved", left, INK) + _BETWEEN
    for (before, after), pixels in moves.most_common():
        first, second = _fitting(names[before], 160), f"{_fitting(names[after], 160)} {pixels:,}"
        arrow = " → "
        needed = entry_length(first, _SWATCH) + text_length(arrow) + entry_length(second, _SWATCH)
        if left + needed > _WIDTH:
            break
        left += draw_entry(pen, first, _color(colors, before), left, GAP, _SWATCH)
        left += _write(pen, arrow, left, MUTED)
        left += draw_entry(pen, second, _color(colors, after), left, GAP, _SWATCH) + _BETWEEN
    return line


def _write(pen: ImageDraw.ImageDraw, text: str, left: int, color: Color) -> int:
    draw_text(pen, text, left, GAP, color)
    return text_length(text)


def _cells(row: OverlapRow, colors: Picture) -> Image.Image:
    before, after = _every_nth(row.before), _every_nth(row.after)
    changed = (before != after)[..., None]
    still = np.where((after > 0)[..., None], np.array(STILL, np.uint8), np.array(NOTHING, np.uint8))
    pictures = [colors[before], colors[after], np.where(changed, colors[after], still)]
    scale = min(CELL / row.before.shape[1], TALLEST / row.before.shape[0])
    size = max(1, round(row.before.shape[1] * scale)), max(1, round(row.before.shape[0] * scale))
    # Enlarging keeps the pixels square: a smoothed mask would look more precise than it is.
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    line = _paper(size[1])
    for position, picture in enumerate(pictures):
        cell = Image.fromarray(cv2.resize(picture, size, interpolation=method))
        line.paste(cell, (position * (CELL + GAP) + (CELL - size[0]) // 2, 0))
    return line


def _legend(labels: Sequence[int], names: Sequence[str], colors: Picture) -> Image.Image:
    """Draw the classes in columns, read downwards."""
    shown = [_fitting(names[label] if label < len(names) else "ignored", CELL - 2 * _BETWEEN) for label in labels]
    widest = max((entry_length(name, _SWATCH) for name in shown), default=0) + _BETWEEN
    columns = max(1, _WIDTH // max(widest, _NARROWEST_COLUMN))
    rows = -(-len(shown) // columns)
    picture = _paper(2 * GAP + rows * LINE)
    pen = ImageDraw.Draw(picture)
    for position, (label, name) in enumerate(zip(labels, shown, strict=True)):
        column, row = divmod(position, rows)
        left, top = column * _WIDTH // columns, 2 * GAP + row * LINE
        draw_entry(pen, name, _color(colors, label), left, top, _SWATCH)
    return picture


def _every_nth(label_map: LabelMap) -> LabelMap:
    """Return as few of the rows and columns of a large map as its cell can show."""
    rows, columns = (max(1, side // _FINEST) for side in label_map.shape)
    return label_map[::rows, ::columns]


def _labels_of(row: OverlapRow) -> Counter[int]:
    """Return how many pixels of the two maps have each label."""
    pixels: Counter[int] = Counter()
    for label_map in (row.before, row.after):
        for (band,) in pixel_bands(label_map):
            counts = np.bincount(band)
            labels = np.flatnonzero(counts)
            pixels.update(dict(zip(labels.tolist(), counts[labels].tolist(), strict=True)))
    return pixels


def _in_order(pixels: Mapping[int, int], table: ClassTable) -> list[int]:
    """Return the labels that occur, the most frequent first and ignored pixels last."""
    return sorted(pixels.keys() - {0}, key=lambda label: (label == table.ignore_index, -pixels[label]))


def _colors(table: ClassTable) -> Picture:
    colors = np.full((table.ignore_index + 1, 3), IGNORED_COLOR, np.uint8)
    colors[: len(table) + 1] = table.palette()
    colors[0] = NOTHING
    return colors


def _color(colors: Picture, label: int) -> Color:
    red, green, blue = colors[label].tolist()
    return red, green, blue


def _framed(parts: Sequence[Image.Image]) -> Picture:
    sheet = Image.new("RGB", (_WIDTH + 2 * MARGIN, sum(part.height for part in parts) + 2 * MARGIN), PAPER)
    top = MARGIN
    for part in parts:
        sheet.paste(part, (MARGIN, top))
        top += part.height
    return np.asarray(sheet)


def _paper(height: int) -> Image.Image:
    return Image.new("RGB", (_WIDTH, height), PAPER)


def _fitting(text: str, width: int) -> str:
    """Return the beginning of ``text`` that is at most ``width`` pixels wide, with an ellipsis where it is cut."""
    clean = kept = escape_controls(text)
    while clean and text_length(kept) > width:
        clean = clean[:-1]
        kept = clean + "…"
    return kept
