"""The tile of ``--tile auto``: as large as the training images were, and small enough for the objects that it shows."""

import math
from typing import Any, Literal

from torch import nn

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize
from maskwright.model_file import TrainingImageFigures

Tile = int | Literal["auto"] | None

SMALLEST_TILE = 64
_MEGAPIXEL = 1_000_000
# Of the objects that a model can find in one image, the part that a tile as dense as the densest image may show:
# detections that are wrong or double need places too.
_PART = 0.5


def parse_tile(text: str | None) -> Tile:
    """Return the side of a tile that ``text`` says, or ``auto``; raise ``UsageError`` for anything else.

    Example:
        >>> parse_tile("512"), parse_tile("auto"), parse_tile(None)
        (512, 'auto', None)
    """
    if text is None or text == "auto":
        return text
    if not text.isdecimal() or len(text) > 6 or int(text) < 16:
        raise UsageError(f"--tile {text:.40}: expected 16 pixels or more, or auto.")
    return int(text)


def choose_tile(module: nn.Module, input_size: InputSize, images: TrainingImageFigures | None) -> int:
    """Return the side, in pixels of an image, of the tiles in which ``module`` predicts large images.

    It is the median short side of the training ``images``, so that objects are seen as large as in the training. Where
    a square of that side, as dense with objects as the densest training image, has more than half as many as the
    network can find in one image, the side is smaller. A network with unknown training images sees each pixel of a tile
    as it is. The side is at least 64.

    Example:
        >>> from torch import nn
        >>> network = nn.Module()
        >>> network.detections = 100
        >>> size = InputSize(square=False, size=800)
        >>> [choose_tile(network, size, TrainingImageFigures(1000, density)) for density in (10, 200)]
        [1000, 500]
    """
    side = float(images.short_side) if images is not None and images.short_side > 0 else float(input_size.size)
    most = most_objects(module)
    if most is not None and images is not None and 0 < images.density < math.inf:
        side = min(side, math.sqrt(_PART * most / images.density * _MEGAPIXEL))
    return max(SMALLEST_TILE, int(side))


def most_objects(module: nn.Module) -> int | None:
    """Return the most objects that an instance network finds in one image; None for a semantic one."""
    named: Any = (getattr(module, name, None) for name in ("detections", "queries"))
    return min((int(value) for value in named if value is not None), default=None)
