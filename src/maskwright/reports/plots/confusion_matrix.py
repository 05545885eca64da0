"""A confusion matrix as a square of coloured cells. Each row is a true class, each column a predicted one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from maskwright.reports.plots.colors import COLORS, INK
from maskwright.reports.plots.square_axes import square, square_axes
from maskwright.reports.plots.svg import axis_name
from maskwright.reports.plots.text_width import LETTERS, text_width
from maskwright.reports.short_numbers import whole_percent
from maskwright.reports.tables import ABSENT

CELL, TITLE = 31, 22
RIGHT, WRONG = COLORS[0], COLORS[1]

# The opacity of a share just above 0 and of a share of 1: a cell that is not empty is always visible.
_PALEST, _STRONGEST = 0.06, 0.8


def confusion_matrix(names: Sequence[str], counts: npt.NDArray[np.int64]) -> Figure:
    """Draw ``counts`` ``(K, K)``, true class by predicted class, in percent of each row.

    The diagonal has a colour of its own. A cell with count 0 is blank; a row without counts has dashes, because its
    class does not occur in the truth. Cells have one size, however many there are. Call it within ``svg.STYLE``. The
    numbers have the style's ink; a page should give them more contrast.
    """
    figure = square_axes([axis_name(name) for name in names], CELL, TITLE)
    _add_titles(figure, len(names))
    axes = figure.axes[0]
    totals = counts.sum(axis=1)
    cells, faces = [], []
    for row, column in np.ndindex(*counts.shape):
        if totals[row] and counts[row, column]:
            share = counts[row, column] / totals[row]
            color = RIGHT if row == column else WRONG
            cells.append(square(column, row))
            faces.append(to_rgba(color, _PALEST + (_STRONGEST - _PALEST) * share))
        text = whole_percent(int(counts[row, column]), int(totals[row])) if totals[row] else ABSENT
        axes.text(column, row, text, ha="center", va="center_baseline", fontsize=10)
    axes.add_collection(PolyCollection(cells, facecolors=faces, linewidths=0))
    diagonal = [square(place, place) for place in range(len(names))]
    axes.add_collection(PolyCollection(diagonal, facecolors="none", edgecolors=INK, linewidths=0.7))
    return figure


def _add_titles(figure: Figure, classes: int) -> None:
    side, inside = 72 * figure.get_figwidth(), CELL * classes
    for title, place, turned in (("true", (0, 1), 90), ("predicted", (1, 0), 0)):
        # At the middle of the cells; a title longer than the cells stays inside the figure.
        middle = min(side - 1 - inside / 2, side - 1 - text_width(title) / 2)
        x, y = ((middle if along else TITLE / 2) / side for along in place)
        figure.text(x, y, title, rotation=turned, ha="center", va="center", fontsize=LETTERS)
