"""A symmetric table of pairs of classes as the lower triangle of a matrix, coloured and with its numbers."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from maskwright.reports.plots.square_axes import square, square_axes
from maskwright.reports.plots.svg import INK, axis_name
from maskwright.reports.short_numbers import compact

CELL = 29

# The palest and the strongest colour of a cell that is not empty.
_PALEST, _STRONGEST = 0.08, 0.75


def pair_matrix(names: Sequence[str], amounts: Mapping[tuple[int, int], int], color: str) -> Figure:
    """The triangle of ``amounts[i, j]`` with ``i <= j``, positions in ``names``; a pair that is absent stays blank.

    The diagonal is framed. Colour runs with the logarithm of the amount, from 1 to the largest. Cells have the same
    size whatever their number. Draw within ``svg.STYLE``; the numbers in the cells are set in its ink and need more
    contrast where the page can give it.
    """
    texts, count = [axis_name(name) for name in names], len(names)
    figure = square_axes(texts, CELL)
    axes = figure.axes[0]
    cells = [(column, row, amount) for (column, row), amount in amounts.items()]
    largest = max((amount for _, _, amount in cells), default=1)
    squares = [square(column, row) for column, row, _ in cells]
    faces = [to_rgba(color, _strength(amount, largest)) for _, _, amount in cells]
    axes.add_collection(PolyCollection(squares, facecolors=faces, linewidths=0))
    diagonal = [square(i, i) for i in range(count)]
    axes.add_collection(PolyCollection(diagonal, facecolors="none", edgecolors=INK, linewidths=0.7))
    for column, row, amount in cells:
        axes.text(column, row, compact(amount), ha="center", va="center_baseline", fontsize=9.5)
    return figure


def _strength(amount: int, largest: int) -> float:
    if largest <= 1:
        return _STRONGEST
    return _PALEST + (_STRONGEST - _PALEST) * math.log(amount) / math.log(largest)
