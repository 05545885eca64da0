"""The figures of a run as SVG text: class distribution, loss curves, score curves."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from maskwright.reports.plots.colors import COLORS
from maskwright.reports.plots.svg import STYLE, axis_name, plot, svg_text

Curve = Sequence[float | None]

PLOT_HEIGHT, LEGEND_ROW = 260, 18
BAR, BAR_GAP, FRAME = 13, 8, 54
LOG_START = 0.7
MARKED_POINTS = 40
_ROOM = 1.05


def class_distribution(instances: Mapping[str, Mapping[str, int]], names: Sequence[str], largest: int) -> str:
    """Return bars of ``instances[split][name]`` as SVG text: one for each split, the first of ``names`` on top.

    ``largest`` is the count at the right end of the axis, so that two figures can share one scale. The axis is
    logarithmic, and its label says so, when the counts span more than a factor of 100. A split that lacks a name has an
    en dash instead of a bar.
    """
    group = BAR * len(instances) + BAR_GAP
    logarithmic = _spans_decades(instances)
    with mpl.rc_context(STYLE):
        figure, axes = plot(FRAME + group * len(names) + LEGEND_ROW * (len(instances) > 1))
        for position, (split, counts) in enumerate(instances.items()):
            offset = (position - (len(instances) - 1) / 2) * BAR / group
            places = np.arange(len(names)) + offset
            color = COLORS[position % len(COLORS)]
            start = LOG_START if logarithmic else 0.0
            _bars(axes, places, [counts.get(name) for name in names], start, BAR / group, color, axis_name(split))
        axes.set_yticks(np.arange(len(names)), [axis_name(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        _scale_counts(axes, largest, logarithmic)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        if len(instances) > 1:
            figure.legend(loc="outside upper left", ncols=len(instances))
        return svg_text(figure, "Instances per class: " + ", ".join(names))


def loss_curves(epochs: Sequence[int], curves: Mapping[str, Curve]) -> str:
    """Return a line for each loss over the ``epochs`` as SVG text. Lines bridge missing values (None)."""
    with mpl.rc_context(STYLE):
        figure, axes = plot(_curve_height(curves))
        for position, (name, values) in enumerate(curves.items()):
            _line(axes, epochs, values, position, axis_name(name))
        finish_curves(figure, axes, "loss")
        return svg_text(figure, "Loss per epoch: " + ", ".join(curves))


def metric_curves(epochs: Sequence[int], curves: Mapping[str, Curve], headline: str) -> str:
    """Return a line for each validation score over the ``epochs`` as SVG text.

    The epoch with the highest value of the curve called ``headline`` is marked.
    """
    best = best_epoch(epochs, curves.get(headline, []))
    with mpl.rc_context(STYLE):
        figure, axes = plot(_curve_height(curves))
        for position, (name, values) in enumerate(curves.items()):
            label = axis_name(name)
            if best is not None and name == headline:
                label += f" (best {best[1]:.3f}, epoch {best[0]})"
                color = COLORS[position % len(COLORS)]
                axes.axvline(best[0], color=color, linewidth=1, linestyle=(0, (4, 3)))
                axes.plot(*best, "o", markersize=10, markerfacecolor="none", color=color)
            _line(axes, epochs, values, position, label)
        finish_curves(figure, axes, "score")
        return svg_text(figure, "Validation scores per epoch: " + ", ".join(curves))


def best_epoch(epochs: Sequence[int], values: Curve) -> tuple[int, float] | None:
    """Return the first epoch with the highest value, and that value, or None when nothing was measured."""
    measured = [(epoch, value) for epoch, value in zip(epochs, values, strict=False) if value is not None]
    return max(measured, key=lambda pair: pair[1], default=None)


def _spans_decades(instances: Mapping[str, Mapping[str, int]]) -> bool:
    positive = [count for counts in instances.values() for count in counts.values() if count > 0]
    return bool(positive) and max(positive) > 100 * min(positive)


def _bars(
    axes: Axes,
    places: np.ndarray,
    counts: Sequence[int | None],
    start: float,
    thickness: float,
    color: str,
    label: str,
) -> None:
    ends = [max(count or 0, start) for count in counts]
    axes.barh(places, [end - start for end in ends], thickness * 0.9, start, color=color, label=label)
    for place, end, count in zip(places, ends, counts, strict=True):
        text = "–" if count is None else f"{count:,}"
        axes.annotate(text, (end, place), (3, 0), textcoords="offset points", va="center_baseline", fontsize=11)


def _scale_counts(axes: Axes, largest: int, logarithmic: bool) -> None:
    """Set the count axis from its start to beyond ``largest``.

    The number of the longest bar has room at the right.
    """
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(LOG_START, LOG_START * (max(largest, 1) / LOG_START) ** 1.22)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=5))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
        axes.set_xlabel("instances (logarithmic scale)")
    else:
        axes.set_xlim(0, max(largest, 1) * 1.22)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("instances")


def _curve_height(curves: Mapping[str, Curve]) -> int:
    return PLOT_HEIGHT + LEGEND_ROW * ((len(curves) + 1) // 2)


def _line(axes: Axes, epochs: Sequence[int], values: Curve, position: int, label: str) -> None:
    points = [(epoch, value) for epoch, value in zip(epochs, values, strict=True) if value is not None]
    axes.plot(
        [epoch for epoch, _ in points],
        [value for _, value in points],
        color=COLORS[position % len(COLORS)],
        marker="o" if len(points) <= MARKED_POINTS else None,
        linestyle="-" if position < len(COLORS) else "--",
        label=label,
    )


def finish_curves(figure: Figure, axes: Axes, quantity: str, keys: Sequence[Line2D] | None = None) -> None:
    """Name and scale the axes of curves over the epochs, and add the legend: of all lines, or of the ``keys``."""
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    if axes.dataLim.y0 >= 0:
        # The margin is that of the axis from 0: of nearly equal values, their own would cut their points in half.
        top = _ROOM * axes.dataLim.y1
        axes.set_ylim(0.0, top if 0 < top < np.inf else None)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.grid()
    figure.legend(handles=keys, loc="outside upper left", ncols=2)
