"""The table of predicted objects as CSV: a row for each, with its class, score, size and place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from maskwright.control_characters import lines_of_cells
from maskwright.files import writing
from maskwright.masks.cropped import each_cropped
from maskwright.masks.holes import count_holes
from maskwright.structures import ClassTable, Instances

COLUMNS = ("file", "object", "class", "score", "area", "x", "y", "width", "height", "centre_x", "centre_y", "holes")
Row = list[str | int | float]


def object_rows(name: str, found: Instances, table: ClassTable) -> list[Row]:
    """Return the rows of the objects ``found`` in the image ``name``, numbered from 1.

    ``area`` is in pixels of the mask, and ``centre`` is their mean, from the image's corner; the box ``x y width
    height`` is the model's. ``holes`` are the parts of the background that the mask encloses.
    """
    rows: list[Row] = []
    for number, mask in enumerate(each_cropped(found.masks)):
        x1, y1, x2, y2 = (round(float(side), 2) for side in found.boxes[number])
        across, down = (mask.mask.sum(axis=axis) for axis in (0, 1))
        area = int(across.sum())
        centre: tuple[float | str, float | str] = ("", "")
        if area:
            x, y = (float(np.arange(len(pixels)) @ pixels) / area for pixels in (across, down))
            centre = round(mask.left + x + 0.5, 2), round(mask.top + y + 0.5, 2)
        label, score = table.classes[int(found.labels[number]) - 1].name, round(float(found.scores[number]), 6)
        box = [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]
        rows.append([name, number + 1, label, score, area, *box, *centre, count_holes(mask.mask)])
    return rows


@contextmanager
def object_table(path: Path) -> Iterator[Callable[[list[Row]], None]]:
    """Yield a function that appends rows to the CSV file ``path``, which appears with all of them.

    It is UTF-8 with commas, and its first row has the ``COLUMNS``.
    """
    with writing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        file.write(lines_of_cells([COLUMNS]))

        def append(rows: list[Row]) -> None:
            file.write(lines_of_cells(rows))

        yield append
