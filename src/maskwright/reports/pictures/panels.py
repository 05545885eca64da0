"""Panels: original, truth and prediction side by side in one picture, each under its caption."""

from collections.abc import Iterable

import cv2
import numpy as np

from maskwright.images.draw import legend
from maskwright.images.lettering import Image, draw_text, shorten, text_size
from maskwright.structures import ClassTable

# The captions of a panel: the image, its truth, and the prediction of a model.
CAPTIONS = ["original", "truth", "prediction"]

# Cells are as high as their images, between these limits: text needs the first, files and memory the other.
LOWEST, HIGHEST = 360, 1600

PAPER = (247, 248, 249)
INK = (38, 43, 51)
GAP = 6
NARROWEST, WIDEST = 0.5, 2.5


def panel(images: list[Image], captions: list[str], height: int | None = None, columns: int | None = None) -> Image:
    """Return the ``images`` ``(H, W, 3)`` in rows, ``height`` pixels high, each under a strip with its caption.

    ``height`` is that of the highest image by default, but at least 360 and at most 1600. ``columns`` is the number of
    images in a row; all of them by default.

    Images keep their aspect ratio. A cell is at least half and at most 2.5 times as wide as it is high, so that
    captions are readable and a panorama does not dominate the panel; the rest of the cell is paper. Returns ``(height +
    strip + margin, W, 3)`` uint8 RGB for one row. Raises ``ValueError`` without images or without one caption for each.
    """
    if not images or len(images) != len(captions):
        raise ValueError(f"A panel needs one caption for each image, found {len(images)} and {len(captions)}.")
    height = height or min(max(LOWEST, *(len(image) for image in images)), HIGHEST)
    cells = [_fit(image, height) for image in images]
    columns = columns or len(cells)
    scale = _caption_scale([cell.shape[1] for cell in cells], captions, columns)
    rows = [_row(cells[i : i + columns], captions[i : i + columns], scale) for i in range(0, len(cells), columns)]
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.hstack([row, _paper(len(row), width - row.shape[1])]) for row in rows])


def with_legend(picture: Image, table: ClassTable, labels: Iterable[int]) -> Image:
    """Return the ``picture`` ``(H, W, 3)`` above a legend of those ``labels`` that ``table`` names."""
    width = picture.shape[1]
    return np.vstack([picture, legend(table, labels, max(width / 1900, 0.5), width)])


def enlargement(image: Image) -> int:
    """Return how many times a small ``image`` ``(H, W, 3)`` is enlarged before tags are drawn beside its objects."""
    return max(1, -(-LOWEST // min(image.shape[:2])))


def _row(cells: list[Image], captions: list[str], scale: float) -> Image:
    strip, height = round(56 * scale), len(cells[0])
    columns: list[Image] = []
    for cell, caption in zip(cells, captions, strict=True):
        columns += [_paper(strip + height, GAP), np.vstack([_strip(caption, strip, cell.shape[1], scale), cell])]
    row = np.hstack([*columns, _paper(strip + height, GAP)])
    return np.vstack([row, _paper(GAP, row.shape[1])])


def _caption_scale(widths: list[int], captions: list[str], columns: int) -> float:
    """Return a text scale that is readable when the panel is shown about 1000 pixels wide.

    Long captions have a smaller one.
    """
    readable = max(sum(widths[:columns]) / 1900, 0.5)
    fitting = [width / max(text_size(text, 1.0)[0], 1) for width, text in zip(widths, captions, strict=True)]
    return max(min(readable, *fitting), 0.4)


def _fit(image: Image, height: int) -> Image:
    """Return ``image`` scaled into the middle of a paper cell ``(height, width, 3)``."""
    rows, columns = image.shape[:2]
    width = round(height * min(max(columns / rows, NARROWEST), WIDEST))
    scale = min(height / rows, width / columns)
    shown_rows, shown_columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    # Enlarging keeps the pixels square: a smoothed 32-pixel mask would look more precise than it is.
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    cell = _paper(height, width)
    top, left = (height - shown_rows) // 2, (width - shown_columns) // 2
    resized = cv2.resize(image, (shown_columns, shown_rows), interpolation=method)
    cell[top : top + shown_rows, left : left + shown_columns] = resized
    return cell


def _strip(caption: str, height: int, width: int, scale: float) -> Image:
    strip = _paper(height, width)
    line = shorten(caption, scale, width)
    draw_text(strip, line, 0, (height + text_size("X", scale)[1]) // 2, scale, INK)
    return strip


def _paper(height: int, width: int) -> Image:
    return np.full((height, width, 3), PAPER, np.uint8)
