"""Text on images: its size, shortening, and filled tags that stay inside the image."""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]

FONT = cv2.FONT_HERSHEY_SIMPLEX
SMALLEST_SCALE = 0.35


def text_size(text: str, scale: float) -> tuple[int, int, int]:
    """Return ``(width, ascent, descent)`` in pixels of one line of ``text``; scale 0.5 has capitals of 11 pixels."""
    (width, ascent), descent = cv2.getTextSize(text, FONT, scale, 1)
    return width, ascent, descent


def shorten(text: str, scale: float, width: int) -> str:
    """Return ``text`` on one line, cut with ``...`` to at most ``width`` pixels; empty when nothing fits."""
    line = " ".join(text.split())
    if text_size(line, scale)[0] <= width:
        return line
    for kept in range(len(line) - 1, 0, -1):
        candidate = line[:kept].rstrip() + "..."
        if text_size(candidate, scale)[0] <= width:
            return candidate
    return ""


def ink_on(color: Color) -> Color:
    """Return black or white, whichever is more readable on ``color`` (by ITU-R BT.601 luma)."""
    red, green, blue = color
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)


def draw_text(image: Image, text: str, left: int, baseline: int, scale: float, color: Color) -> None:
    """Draw one line of ``text`` on ``image`` in place, starting at pixel ``(left, baseline)``."""
    cv2.putText(image, text, (left, baseline), FONT, scale, color, 1, cv2.LINE_AA)


def draw_tag(
    image: Image, text: str, box: Rectangle, color: Color, scale: float, taken: list[Rectangle]
) -> Rectangle | None:
    """Draw ``text`` in place on a filled tag at the xyxy ``box``, inside the image.

    The text is shortened to the image's width. The tag avoids the ``taken`` rectangles where a free corner of the box
    exists. Returns the tag's xyxy rectangle, or None when no letter fits.
    """
    height, width = image.shape[:2]
    pad = max(2, round(6 * scale))
    line = shorten(text, scale, width - 2 * pad)
    text_width, ascent, descent = text_size(line, scale)
    tag_width, tag_height = text_width + 2 * pad, ascent + descent + 2 * pad
    if not line or tag_width > width or tag_height > height:
        return None
    left, top = _place(tag_width, tag_height, box, (height, width), taken)
    cv2.rectangle(image, (left, top), (left + tag_width - 1, top + tag_height - 1), color, cv2.FILLED)
    draw_text(image, line, left + pad, top + pad + ascent, scale, ink_on(color))
    return left, top, left + tag_width, top + tag_height


def _place(
    tag_width: int, tag_height: int, box: Rectangle, size: tuple[int, int], taken: list[Rectangle]
) -> tuple[int, int]:
    """Return the first free corner above, inside or below ``box``; the corner above it when all are taken."""
    height, width = size
    x1, y1, x2, y2 = box
    wanted = [(x1, y1 - tag_height), (x1, y1), (x2 - tag_width, y1), (x1, y2 - tag_height), (x1, y2)]
    corners = [(min(max(left, 0), width - tag_width), min(max(top, 0), height - tag_height)) for left, top in wanted]
    for left, top in corners:
        if not any(_overlap((left, top, left + tag_width, top + tag_height), other) for other in taken):
            return left, top
    return corners[0]


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
