"""The axes of a matrix over classes: square cells with a name before each row and above each column."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from maskwright.reports.plots.text_width import LETTERS, text_width

_GAP = 8

# Half the side of the square drawn in a cell; a narrow gap between neighbours stays free.
_HALF = 0.47


def square_axes(texts: Sequence[str], cell: float, title: float = 0) -> Figure:
    """Return a figure for K rows and columns named ``texts``, its axes from -½ to K - ½ in cells, rows downwards.

    A cell has a side of ``cell`` SVG units. ``title`` units stay free above the column names and before the row names.
    """
    inside, outside = cell * len(texts), max(text_width(text) for text in texts) + _GAP + title
    side = inside + outside + 1
    figure = Figure(figsize=(side / 72, side / 72), facecolor="none")
    axes = figure.add_axes((outside / side, outside / side, inside / side, inside / side), facecolor="none")
    axes.set_yticks(range(len(texts)), texts, fontsize=LETTERS)
    axes.set_xticks(range(len(texts)), texts, rotation=90, fontsize=LETTERS)
    axes.set_xlim(-0.5, len(texts) - 0.5)
    axes.set_ylim(len(texts) - 0.5, -0.5)
    axes.tick_params(length=0, pad=_GAP / 2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def square(column: int, row: int) -> list[tuple[float, float]]:
    """Return the corners of the square drawn in a cell, in cells."""
    corners = ((-_HALF, -_HALF), (_HALF, -_HALF), (_HALF, _HALF), (-_HALF, _HALF))
    return [(column + x, row + y) for x, y in corners]
