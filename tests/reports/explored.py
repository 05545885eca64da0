"""Statistics of invented data sets for the tests of what `explore` shows."""

from collections.abc import Iterable, Sequence

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.statistics.dataset import Statistics
from maskwright.masks.rle import rasterise
from maskwright.structures import ClassTable

# (label, x, y, side) of a square, and True at the end for a crowd region.
Square = tuple[int, int, int, int] | tuple[int, int, int, int, bool]


def objects(squares: Iterable[Square], number: int = 1, size: tuple[int, int] = (48, 64)) -> ImageObjects:
    """One image of ``size`` ``(H, W)`` with ``squares``; their area is that of the mask."""
    found = ImageObjects(CocoImage(number, f"{number}.png", *size))
    for label, x, y, side, *crowd in squares:
        drawn = rasterise([[x, y, x + side, y, x + side, y + side, x, y + side]], *size)
        found.ids.append(len(found.ids) + 1)
        found.labels.append(label)
        found.drawn.append(drawn)
        found.crowd.append(bool(crowd))
        found.areas.append(float(drawn.area))
    return found


def explored(names: Sequence[str], *images: Iterable[Square]) -> Statistics:
    """The statistics of ``images`` of 48 × 64 pixels (height × width) with classes called ``names``."""
    statistics = Statistics(ClassTable.from_names(names))
    for number, squares in enumerate(images, start=1):
        statistics.add(objects(squares, number))
    return statistics
