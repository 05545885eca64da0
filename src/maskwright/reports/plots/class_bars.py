"""One horizontal bar for each class with its number, for many classes in one narrow figure."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from maskwright.reports.plots.svg import plot
from maskwright.reports.plots.text_width import fit_name

# Narrower than other figures, so that three stand side by side on a page.
WIDTH, NAMES = 320, 140
ROW, FRAME = 17, 52

# Bars need a common scale: beyond this ratio the small ones would vanish on a linear one.
_LINEAR_RATIO = 100


def class_bars(
    amounts: Mapping[str, float], unit: str, color: str, written: Callable[[float], str], tick: Callable[[float], str]
) -> Figure:
    """Draw a horizontal bar for each class of ``amounts``, the first on top, with its amount as ``written`` formats it.

    ``unit`` names the axis and ``tick`` formats its ticks. The axis is logarithmic, and its label says so, when the
    positive amounts span more than a factor of 100. Its bars then start at half the smallest positive amount, and a
    class with amount 0 has no bar. Call it within ``svg.STYLE``.
    """
    figure, axes = plot(FRAME + ROW * len(amounts), WIDTH)
    values = np.array(list(amounts.values()), np.float64)
    places = np.arange(len(values))
    start = _log_start(values)
    ends = np.maximum(values, start)
    axes.barh(places, ends - start, 0.74, start, color=color)
    for place, end, value in zip(places, ends, values, strict=True):
        text = written(value)
        axes.annotate(text, (end, place), (3, 0), textcoords="offset points", va="center_baseline", fontsize=11)
    axes.set_yticks(places, [fit_name(name, NAMES) for name in amounts])
    axes.set_ylim(len(values) - 0.5, -0.5)
    _scale(axes, start, values, unit)
    axes.xaxis.set_major_formatter(lambda value, _: tick(value))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return figure


def _log_start(values: np.ndarray) -> float:
    """Return where the bars of a logarithmic axis start, or 0 for a linear axis."""
    positive = values[values > 0]
    if not positive.size or positive.max() <= _LINEAR_RATIO * positive.min():
        return 0.0
    return float(positive.min()) / 2


def _scale(axes: Axes, start: float, values: np.ndarray, unit: str) -> None:
    """Set the axis range. It ends beyond the largest amount, so that the number of the longest bar has room."""
    largest = float(values.max())
    if start:
        axes.set_xscale("log")
        decades = math.log10(largest / start)
        axes.set_xlim(start, start * 10 ** (decades * 1.45))
        axes.xaxis.set_major_locator(LogLocator(10, numticks=4))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"{unit} (logarithmic)")
    else:
        axes.set_xlim(0, (largest or 1) * 1.45)
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=bool((values == np.round(values)).all())))
        axes.set_xlabel(unit)
