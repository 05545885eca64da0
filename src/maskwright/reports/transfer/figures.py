"""The figures of a transfer: the shift of scores as bars from 0, with their bootstrap intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from maskwright.reports.plots.colors import COLORS, INK
from maskwright.reports.plots.figures import BAR, BAR_GAP, FRAME, LEGEND_ROW
from maskwright.reports.plots.svg import STYLE, axis_name, plot, svg_text
from maskwright.reports.tables import is_measured

Estimates = Mapping[str, Mapping[str, Any]]


def shift_bars(shifts: Mapping[str, Estimates], names: Sequence[str], unit: str, label: str) -> str:
    """Draw a bar for each model and each of ``names``, the first on top, from 0 to the shift, and return the SVG text.

    ``shifts[model][name]`` is ``{"value", "low", "high"}``; a line spans the interval. Without a value there is an en
    dash instead of a bar. ``unit`` names the axis, ``label`` describes the figure.
    """
    group = BAR * len(shifts) + BAR_GAP
    reach = _reach(shifts)
    with mpl.rc_context(STYLE):
        figure, axes = plot(FRAME + group * len(names) + LEGEND_ROW * ((len(shifts) + 1) // 2))
        for position, (model, estimates) in enumerate(shifts.items()):
            color = COLORS[position % len(COLORS)]
            for place, name in enumerate(names):
                y = place + (position - (len(shifts) - 1) / 2) * BAR / group
                estimate = estimates.get(name) or {"value": None, "low": None, "high": None}
                first = axis_name(model) if place == 0 else None
                _bar(axes, y, estimate, BAR / group * 0.9, color, first, reach)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(np.arange(len(names)), [axis_name(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(*_limits(shifts, reach))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(unit)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        figure.legend(loc="outside upper left", ncols=2)
        return svg_text(figure, label)


def _bar(
    axes: Any, y: float, estimate: Mapping[str, Any], thickness: float, color: str, label: str | None, reach: float
) -> None:
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    axes.barh([y], [value if is_measured(value) else 0.0], thickness, color=color, label=label)
    if not is_measured(value):
        axes.annotate("–", (0, y), (3, 0), textcoords="offset points", va="center_baseline", fontsize=11)
        return
    if is_measured(low) and is_measured(high):
        axes.plot([low, high], [y, y], color=INK, linewidth=1.2, solid_capstyle="butt")
    # The number stands beyond the bar and its interval, away from 0.
    end = (
        (min(value, low) if is_measured(low) else value)
        if value < 0
        else (max(value, high) if is_measured(high) else value)
    )
    text = f"{value:+.2f}".replace("-", "−") if reach < 3 else f"{value:+.0f}".replace("-", "−")
    align = "right" if value < 0 else "left"
    offset = (-4, 0) if value < 0 else (4, 0)
    axes.annotate(text, (end, y), offset, textcoords="offset points", va="center_baseline", ha=align, fontsize=11)


def _ends(shifts: Mapping[str, Estimates]) -> list[float]:
    found = (each[key] for row in shifts.values() for each in row.values() for key in ("value", "low", "high"))
    return [float(value) for value in found if is_measured(value)]


def _reach(shifts: Mapping[str, Estimates]) -> float:
    return max((abs(value) for value in _ends(shifts)), default=0.0) or 0.01


def _limits(shifts: Mapping[str, Estimates], reach: float) -> tuple[float, float]:
    """Return axis limits with room for every interval and for the number beyond it."""
    ends = _ends(shifts) or [0.0]
    room = 0.3 * reach
    return (min(ends) - room if min(ends) < 0 else -0.05 * reach), (max(ends) + room if max(ends) > 0 else 0.05 * reach)
