"""The font, the colours and the swatches of the sheets, drawn with Pillow."""

from dataclasses import dataclass

from PIL import ImageDraw

from maskwright.control_characters import escape_controls
from maskwright.images.fonts import split_by_font
from maskwright.images.lettering import Color

PAPER, INK, MUTED = (255, 255, 255), (29, 34, 41), (93, 102, 114)
FONT_SIZE = 15

# Of DejaVu Sans at that size.
_ASCENT = 14


@dataclass(frozen=True)
class Swatch:
    """The rounded square before a class name, in pixels: its side, the gap after it, its drop below the line's top."""

    side: int
    gap: int
    drop: int


def text_length(text: str) -> int:
    """Return the length of ``text`` in whole pixels, as :func:`draw_text` draws it."""
    return round(sum(font.getlength(part) for font, part in split_by_font(escape_controls(text), FONT_SIZE)))


def draw_text(pen: ImageDraw.ImageDraw, text: str, left: int, top: int, color: Color) -> None:
    """Draw ``text`` on one line with its top left corner at ``(left, top)``; control characters are shown escaped."""
    x = float(left)
    for font, part in split_by_font(escape_controls(text), FONT_SIZE):
        # Fonts differ in height: their letters stand on one line.
        pen.text((x, top + _ASCENT), part, color, font, anchor="ls")
        x += font.getlength(part)


def entry_length(text: str, swatch: Swatch) -> int:
    """Return the length in pixels of a swatch and ``text``, as :func:`draw_entry` draws them."""
    return swatch.side + swatch.gap + text_length(text)


def draw_entry(pen: ImageDraw.ImageDraw, text: str, color: Color, left: int, top: int, swatch: Swatch) -> int:
    """Draw a swatch of ``color`` and ``text`` in ink after it; return the length of both in pixels."""
    corner = (left, top + swatch.drop)
    pen.rounded_rectangle((*corner, corner[0] + swatch.side, corner[1] + swatch.side), 3, color)
    draw_text(pen, text, left + swatch.side + swatch.gap, top, INK)
    return entry_length(text, swatch)
