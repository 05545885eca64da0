"""Panels: original, truth and prediction side by side in one picture, each under its caption."""

import cv2
import numpy as np

from maskwright.images.lettering import Image, draw_text, shorten, text_size

# The captions of a panel: the image, its truth, and the prediction of a model.
CAPTIONS = ["original", "truth", "prediction"]

PAPER = (247, 248, 249)
INK = (38, 43, 51)
GAP = 6
NARROWEST, WIDEST = 0.5, 2.5


def panel(images: list[Image], captions: list[str], height: int = 360) -> Image:
    """Return the ``images`` ``(H, W, 3)`` in one row, ``height`` pixels high, each under a strip with its caption.

    Images keep their aspect ratio. A cell is at least half and at most 2.5 times as wide as it is high, so that
    captions are readable and a panorama does not dominate the panel; the rest of the cell is paper. Returns ``(height +
    strip + margin, W, 3)`` uint8 RGB. Raises ``ValueError`` without images or without one caption for each.
    """
    if not images or len(images) != len(captions):
        raise ValueError(f"A panel needs one caption for each image, found {len(images)} and {len(captions)}.")
    cells = [_fit(image, height) for image in images]
    scale = _caption_scale([cell.shape[1] for cell in cells], captions)
    strip = round(56 * scale)
    columns: list[Image] = []
    for cell, caption in zip(cells, captions, strict=True):
        columns += [_paper(strip + height, GAP), np.vstack([_strip(caption, strip, cell.shape[1], scale), cell])]
    row = np.hstack([*columns, _paper(strip + height, GAP)])
    return np.vstack([row, _paper(GAP, row.shape[1])])


def _caption_scale(widths: list[int], captions: list[str]) -> float:
    """Return a text scale that is readable when the panel is shown about 1000 pixels wide.

    Long captions have a smaller one.
    """
    readable = min(max(sum(widths) / 1900, 0.5), 1.0)
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
