"""A confusion matrix as a square of cells: each row is a true class, and what became of its pixels."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from maskwright.reports.figures import COLORS
from maskwright.reports.svg import INK, shown
from maskwright.reports.tables import ABSENT
from maskwright.reports.text_width import LETTERS, text_width

CELL, GAP, TITLE = 31, 8, 22
RIGHT, WRONG = COLORS[0], COLORS[1]

# A share of 1 has the strongest colour; a share above 0 is never quite without.
_PALEST, _STRONGEST = 0.06, 0.8


def confusion_matrix(names: Sequence[str], counts: npt.NDArray[np.int64]) -> Figure:
    """The shares, in percent of each row, of pixel ``counts`` ``(classes, classes)``: rows are truth.

    The diagonal has a colour of its own. A cell without pixels is blank; a row without any is dashes, as its class does
    not occur. Cells have the same size whatever their number. Draw within ``svg.STYLE``; the numbers are set in its
    ink and need more contrast where the page can give it.
    """
    figure = _square_of([shown(name) for name in names])
    axes = figure.axes[0]
    totals = counts.sum(axis=1)
    cells, faces = [], []
    for row, column in np.ndindex(*counts.shape):
        if totals[row] and counts[row, column]:
            share = counts[row, column] / totals[row]
            color = RIGHT if row == column else WRONG
            cells.append(_cell(column, row))
            faces.append(to_rgba(color, _PALEST + (_STRONGEST - _PALEST) * share))
        text = whole_percent(int(counts[row, column]), int(totals[row])) if totals[row] else ABSENT
        axes.text(column, row, text, ha="center", va="center_baseline", fontsize=10)
    axes.add_collection(PolyCollection(cells, facecolors=faces, linewidths=0))
    diagonal = [_cell(place, place) for place in range(len(names))]
    axes.add_collection(PolyCollection(diagonal, facecolors="none", edgecolors=INK, linewidths=0.7))
    return figure


def whole_percent(part: int, whole: int) -> str:
    """``part`` in percent of ``whole`` in at most three characters: only all is 100, and only nothing is blank."""
    if part in (0, whole):
        return "100" if part else ""
    percent = 100 * part / whole
    return "<1" if percent < 0.5 else ">99" if percent >= 99.5 else f"{percent:.0f}"


def _square_of(texts: Sequence[str]) -> Figure:
    """A figure of the size that cells, names and titles need, its axes running from -½ to K - ½ in cells."""
    inside, outside = CELL * len(texts), max(text_width(text) for text in texts) + GAP + TITLE
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
    for title, place, turned in (("true", (0, 1), 90), ("predicted", (1, 0), 0)):
        # In the middle of the cells, or as far from the edge as a title longer than they are needs.
        middle = min(outside + inside / 2, side - 1 - text_width(title) / 2)
        x, y = ((middle if along else TITLE / 2) / side for along in place)
        figure.text(x, y, title, rotation=turned, ha="center", va="center", fontsize=LETTERS)
    return figure


def _cell(column: int, row: int) -> list[tuple[float, float]]:
    half = 0.47
    return [(column + x, row + y) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))]
