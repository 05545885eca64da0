"""A contact sheet: many small pictures, each above the names and colours of its classes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from maskwright.control_characters import escape_controls
from maskwright.reports.pictures import tile
from maskwright.reports.pictures.lettering import (
    MUTED,
    PAPER,
    Swatch,
    draw_entry,
    draw_text,
    entry_length,
    text_length,
)
from maskwright.reports.pictures.tile import Color, Tile
from maskwright.reports.plots.svg import axis_name

COLUMNS = 6
MARGIN, GAP = 36, 24
LINE, CAPTION_LINES = 22, 3

_SWATCH, _BETWEEN = Swatch(side=11, gap=5, drop=4), 14

_Entry = tuple[str, Color | None]


def contact_sheet(tiles: Sequence[Tile], heading: str) -> npt.NDArray[np.uint8]:
    """Return the N ≥ 1 tiles in rows of six under ``heading``, as ``(H, W, 3)`` uint8 RGB.

    Under each tile are its classes, as many as fit into two lines, and its file name.
    """
    columns, rows = min(COLUMNS, len(tiles)), -(-len(tiles) // COLUMNS)
    cell_width, cell_height = tile.WIDTH + GAP, tile.HEIGHT + LINE * CAPTION_LINES + GAP
    top = MARGIN + LINE + GAP
    size = (2 * MARGIN + columns * cell_width - GAP, top + rows * cell_height + MARGIN - GAP)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    draw_text(pen, heading, MARGIN, MARGIN, MUTED)
    for position, each in enumerate(tiles):
        row, column = divmod(position, COLUMNS)
        _place(sheet, pen, each, MARGIN + column * cell_width, top + row * cell_height)
    return np.asarray(sheet)


def _place(sheet: Image.Image, pen: ImageDraw.ImageDraw, each: Tile, left: int, top: int) -> None:
    """Paste the picture at the bottom of its cell, so that its captions follow it directly whatever its height."""
    height, width = each.picture.shape[:2]
    sheet.paste(Image.fromarray(each.picture), (left + (tile.WIDTH - width) // 2, top + tile.HEIGHT - height))
    baseline = top + tile.HEIGHT + 6
    for line in _lines(each.classes):
        _write(pen, line, left, baseline)
        baseline += LINE
    draw_text(pen, _fitting(each.file_name), left, baseline, MUTED)


def _lines(classes: Sequence[tuple[str, Color]]) -> list[list[_Entry]]:
    """Return the classes in at most two lines. A count at the end stands for those that do not fit."""
    lines: list[list[_Entry]] = [[]]
    for position, (name, color) in enumerate(classes):
        rest = len(classes) - position - 1
        entry = (axis_name(name), color)
        last = len(lines) == CAPTION_LINES - 1
        needed = [*lines[-1], entry, (f"+{rest}", None)] if last and rest else [*lines[-1], entry]
        if _width(needed) <= tile.WIDTH:
            lines[-1].append(entry)
        elif not last:
            lines.append([entry])
        else:
            lines[-1].append((f"+{rest + 1}", None))
            break
    return lines


def _write(pen: ImageDraw.ImageDraw, line: Sequence[_Entry], left: int, top: int) -> None:
    x = left
    for text, color in line:
        if color is None:
            draw_text(pen, text, x, top, MUTED)
        else:
            draw_entry(pen, text, color, x, top, _SWATCH)
        x += _width([(text, color)]) + _BETWEEN


def _width(line: Sequence[_Entry]) -> int:
    lengths = [text_length(text) if color is None else entry_length(text, _SWATCH) for text, color in line]
    return sum(lengths) + _BETWEEN * (len(line) - 1)


def _fitting(name: str) -> str:
    """Return the end of a file name that fits a tile: it tells files apart better than the beginning."""
    clean = kept = escape_controls(name)
    while text_length(kept) > tile.WIDTH:
        clean = clean[1:]
        kept = "…" + clean
    return kept
