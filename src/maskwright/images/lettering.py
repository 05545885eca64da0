"""Text on images: its size, shortening, and filled tags that stay inside the image."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from maskwright.control_characters import escape_controls
from maskwright.images.fonts import split_by_font

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]

SMALLEST_SCALE = 0.35

# A tag hides at most this part of the box of an object.
_HIDDEN = 0.25


def text_size(text: str, scale: float) -> tuple[int, int, int]:
    """Return ``(width, ascent, descent)`` in pixels of one line of ``text``; scale 0.5 has capitals of 11 pixels."""
    width, top, bottom = 0.0, -22 * scale, 7 * scale
    for font, part in split_by_font(text, _font_size(scale)):
        _, above, _, below = font.getbbox(part, anchor="ls")
        width, top, bottom = width + font.getlength(part), min(top, above), max(bottom, below)
    return math.ceil(width), math.ceil(-top), math.ceil(bottom)


def shorten(text: str, scale: float, width: int) -> str:
    """Return ``text`` on one line, cut with ``...`` to at most ``width`` pixels; empty when nothing fits."""
    # A letter has at least a pixel. Longer names are cut before they are measured, which takes long.
    whole = escape_controls(" ".join(text.split()))
    line = whole[: max(width, 0) + 1]
    if line == whole and text_size(line, scale)[0] <= width:
        return line
    shortest, longest = 0, len(line) - 1
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if text_size(_cut(line, middle), scale)[0] <= width:
            shortest = middle
        else:
            longest = middle - 1
    return _cut(line, shortest) if shortest > 0 else ""


def ink_on(color: Color) -> Color:
    """Return black or white, whichever contrasts more with ``color``: by 4.58 to 1 or more, as WCAG 2 measures it."""
    return (0, 0, 0) if contrast((0, 0, 0), color) >= contrast((255, 255, 255), color) else (255, 255, 255)


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours, from 1 for equal ones to 21 for black and white.

    Source: W3C, "Web Content Accessibility Guidelines 2.2", contrast ratio and relative luminance.
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def draw_text(image: Image, text: str, left: int, baseline: int, scale: float, color: Color) -> None:
    """Draw one line of ``text`` on ``image`` in place, starting at pixel ``(left, baseline)``.

    What lies outside the image is cut off.
    """
    width, ascent, descent = text_size(text, scale)
    letters = Pillow.new("L", (max(width, 1), ascent + descent), 0)
    pen, x = ImageDraw.Draw(letters), 0.0
    for font, part in split_by_font(text, _font_size(scale)):
        pen.text((x, ascent), part, 255, font, anchor="ls")
        x += font.getlength(part)
    rows = slice(max(baseline - ascent, 0), max(baseline + descent, 0))
    columns = slice(max(left, 0), max(left + letters.width, 0))
    there = image[rows, columns]
    first_row, first_column = rows.start - (baseline - ascent), columns.start - left
    ink = np.asarray(letters)[first_row:, first_column:][: there.shape[0], : there.shape[1], None] / 255.0
    there[:] = np.rint(there * (1 - ink) + np.asarray(color) * ink).astype(np.uint8)


def draw_tag(
    image: Image,
    text: str,
    box: Rectangle,
    color: Color,
    scale: float,
    taken: Sequence[Rectangle],
    visible: Sequence[Rectangle] = (),
) -> Rectangle | None:
    """Draw ``text`` in place on a filled tag beside the xyxy ``box`` or in a corner of it, inside the image.

    The text is shortened to the image's width. The tag overlaps none of the ``taken`` rectangles and hides at most a
    quarter of ``box`` and of each of the ``visible`` boxes. Returns the tag's xyxy rectangle, or None when there is no
    such place, or when no letter fits.
    """
    height, width = image.shape[:2]
    pad = max(2, round(6 * scale))
    line = shorten(text, scale, width - 2 * pad)
    text_width, ascent, descent = text_size(line, scale)
    tag_width, tag_height = text_width + 2 * pad, ascent + descent + 2 * pad
    if not line or tag_width > width or tag_height > height:
        return None
    place = _place(tag_width, tag_height, box, (height, width), taken, [box, *visible])
    if place is None:
        return None
    left, top = place
    cv2.rectangle(image, (left, top), (left + tag_width - 1, top + tag_height - 1), color, cv2.FILLED)
    draw_text(image, line, left + pad, top + pad + ascent, scale, ink_on(color))
    return left, top, left + tag_width, top + tag_height


def _place(
    tag_width: int,
    tag_height: int,
    box: Rectangle,
    size: tuple[int, int],
    taken: Sequence[Rectangle],
    visible: Sequence[Rectangle],
) -> tuple[int, int] | None:
    """Return the first free place: above or below ``box``, beside it, or in one of its corners; None without one."""
    height, width = size
    x1, y1, x2, y2 = box
    wanted = [
        *((x1, y1 - tag_height), (x1, y2), (x2 - tag_width, y1 - tag_height), (x2 - tag_width, y2)),
        *((x2, y1), (x1 - tag_width, y1)),
        *((x1, y1), (x2 - tag_width, y1), (x1, y2 - tag_height), (x2 - tag_width, y2 - tag_height)),
    ]
    for left, top in wanted:
        left, top = min(max(left, 0), width - tag_width), min(max(top, 0), height - tag_height)
        tag = (left, top, left + tag_width, top + tag_height)
        if all(_common(tag, other) == 0 for other in taken) and all(
            _common(tag, other) <= _HIDDEN * _area(other) for other in visible
        ):
            return left, top
    return None


def _common(a: Rectangle, b: Rectangle) -> int:
    """Return the number of pixels in both rectangles."""
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)


def _area(box: Rectangle) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _cut(line: str, kept: int) -> str:
    return line[:kept].rstrip() + "..."


def _font_size(scale: float) -> int:
    """Return the size in pixels of DejaVu Sans, whose capitals are 0.73 of it high."""
    return max(1, round(30 * scale))


def _luminance(color: Color) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (component / 255 for component in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
