"""A symmetric matrix over pairs of classes, drawn as its lower triangle with colours and numbers."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from maskwright.reports.plots.colors import INK
from maskwright.reports.plots.square_axes import square, square_axes
from maskwright.reports.plots.svg import axis_name
from maskwright.reports.short_numbers import compact

CELL = 29

# The opacity of the smallest and of the largest amount.
_PALEST, _STRONGEST = 0.08, 0.75


def pair_matrix(names: Sequence[str], amounts: Mapping[tuple[int, int], int], color: str) -> Figure:
    """Draw ``amounts[i, j]`` as a lower triangle; ``i <= j`` are positions in ``names``. An absent pair is blank.

    The cells of the diagonal have a frame. The colour follows the logarithm of the amount, from 1 to the largest. Cells
    have one size, however many there are. Call it within ``svg.STYLE``. The numbers have the style's ink; a page should
    give them more contrast.
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
