"""The appearance of the drawn streets: shaded surfaces with details, dark edges, and haze in the distance."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.synthetic import shape_painting
from maskwright.synthetic.street_view import IndexMap, Outline

Canvas = npt.NDArray[np.float32]

_HAZE = np.array((196, 206, 216), np.float32)
_CLEAR_METRES = 160.0


def paint_street(rng: np.random.Generator, outlines: list[Outline], index: IndexMap) -> npt.NDArray[np.uint8]:
    """Return the photograph ``(H, W, 3)`` uint8 RGB; each outline is painted on its pixels of ``index`` only."""
    canvas = np.zeros((*index.shape, 3), np.float32)
    for position, outline in enumerate(outlines):
        left, top, columns, rows = cv2.boundingRect(outline.polygon.astype(np.int32))
        window = slice(top, top + rows), slice(left, left + columns)
        inside = (index[window] == position)[..., None]
        np.copyto(canvas[window], _surface(outline, left, top, rows, columns), where=inside)
    shade = (1 + _relief(rng, *index.shape)) * _edges(index) * rng.uniform(0.8, 1.1)
    canvas *= shade[..., None]
    return shape_painting.photograph(canvas, rng)


def _surface(outline: Outline, left: int, top: int, rows: int, columns: int) -> Canvas:
    """Return an outline's colours and details in a window of the image, lighter at the top, hazy in the distance."""
    surface = np.empty((rows, columns, 3), np.float32)
    surface[:] = outline.color
    for polygon, color in outline.details:
        cv2.fillPoly(surface, [(polygon - (left, top)).astype(np.int32)], color)
    surface *= np.linspace(1.1, 0.85, rows, dtype=np.float32)[:, None, None]
    clear = np.float32(np.exp(-outline.depth / _CLEAR_METRES))
    return (clear * surface + (1 - clear) * _HAZE).astype(np.float32, copy=False)


def _edges(index: IndexMap) -> Canvas:
    """Return brightness factors ``(H, W)``, smaller where one outline meets the next."""
    differs = np.zeros(index.shape, np.bool_)
    differs[:, 1:] |= index[:, 1:] != index[:, :-1]
    differs[1:] |= index[1:] != index[:-1]
    return np.where(differs, np.float32(0.8), np.float32(1.0))


def _relief(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Return brightness noise ``(H, W)`` of three scales, of standard deviation about 0.05."""
    relief = np.zeros((height, width), np.float32)
    for cells, strength in ((5, 0.03), (24, 0.015), (200, 0.025)):
        bumps = rng.normal(0, strength, (cells, 2 * cells)).astype(np.float32)
        relief += cv2.resize(bumps, (width, height), interpolation=cv2.INTER_CUBIC)
    return relief
