"""Figures drawn for tests, and what meets on their axes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from maskwright.reports.plots.svg import STYLE


def axes(draw: Callable[..., Figure], *arguments: Any) -> Axes:
    """The only axes of the figure ``draw(*arguments)``, drawn in the style of a page."""
    with mpl.rc_context(STYLE):
        return draw(*arguments).axes[0]


def heights(found: Axes) -> list[float]:
    """The heights of the bars."""
    return [bar.get_height() for bar in found.patches]


def overlapping(found: Axes) -> list[tuple[str, str]]:
    """The names along the horizontal axis that meet."""
    FigureCanvasAgg(found.figure).draw()
    labels = [(label.get_window_extent(), label.get_text()) for label in found.get_xticklabels() if label.get_text()]
    boxes = sorted((box.x0, box.x1, text) for box, text in labels)
    return [(a[2], b[2]) for a, b in pairwise(boxes) if b[0] < a[1]]
