"""A symmetric table of pairs of classes as the lower triangle of a matrix, coloured and with its numbers."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from maskwright.reports.short_numbers import compact
from maskwright.reports.svg import INK, shown
from maskwright.reports.text_width import LETTERS, text_width

CELL, GAP = 29, 8

# The palest and the strongest colour of a cell that is not empty.
_PALEST, _STRONGEST = 0.08, 0.75


def pair_matrix(names: Sequence[str], amounts: Mapping[tuple[int, int], int], color: str) -> Figure:
    """The triangle of ``amounts[i, j]`` with ``i <= j``, positions in ``names``; a pair that is absent stays blank.

    The diagonal is framed. Colour runs with the logarithm of the amount, from 1 to the largest. Cells have the same
    size whatever their number. Draw within ``svg.STYLE``; the numbers in the cells are set in its ink and need more
    contrast where the page can give it.
    """
    texts, count = [shown(name) for name in names], len(names)
    figure = _triangle(texts)
    axes = figure.axes[0]
    cells = [(column, row, amount) for (column, row), amount in amounts.items()]
    largest = max((amount for _, _, amount in cells), default=1)
    squares = [_square(column, row) for column, row, _ in cells]
    faces = [to_rgba(color, _strength(amount, largest)) for _, _, amount in cells]
    axes.add_collection(PolyCollection(squares, facecolors=faces, linewidths=0))
    diagonal = [_square(i, i) for i in range(count)]
    axes.add_collection(PolyCollection(diagonal, facecolors="none", edgecolors=INK, linewidths=0.7))
    for column, row, amount in cells:
        axes.text(column, row, compact(amount), ha="center", va="center_baseline", fontsize=9.5)
    return figure


def _triangle(texts: Sequence[str]) -> Figure:
    """A figure of the size that the cells and names need, its axes running from -½ to N - ½ in cells."""
    inside, outside = CELL * len(texts), max(text_width(text) for text in texts) + GAP
    side = inside + outside + 1
    figure = Figure(figsize=(side / 72, side / 72), facecolor="none")
    axes = figure.add_axes((outside / side, outside / side, inside / side, inside / side), facecolor="none")
    axes.set_yticks(range(len(texts)), texts, fontsize=LETTERS)
    axes.set_xticks(range(len(texts)), texts, rotation=90, fontsize=LETTERS)
    axes.set_xlim(-0.5, len(texts) - 0.5)
    axes.set_ylim(len(texts) - 0.5, -0.5)
    axes.tick_params(length=0, pad=GAP / 2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _square(column: int, row: int) -> list[tuple[float, float]]:
    half = 0.47
    return [(column + x, row + y) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))]


def _strength(amount: int, largest: int) -> float:
    if largest <= 1:
        return _STRONGEST
    return _PALEST + (_STRONGEST - _PALEST) * math.log(amount) / math.log(largest)
