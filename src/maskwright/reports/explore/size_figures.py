"""Figures of the sizes of objects: a histogram over all classes, and quantiles for each class."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from maskwright.reports.plots.colors import COLORS, INK
from maskwright.reports.plots.svg import axis_name, plot
from maskwright.reports.short_numbers import percent

BLUE, ORANGE, GREEN = COLORS[:3]
SIZE_COLORS = {"small": ORANGE, "medium": GREEN, "large": BLUE}
HEIGHT = 270

# The borders between COCO's sizes: sides of a square, in pixels.
_SIZE_BORDERS = (32.0, 96.0)
# The share of an axis that the word "medium" takes.
_ROOM_FOR_NAME = 0.13
_MOST_TICKS, _MOST_LONG_TICKS = 10, 6


def object_sizes(edges: Sequence[float], counts: Sequence[int], sizes: Mapping[str, int]) -> Figure:
    """Draw a histogram of √area in pixels on a logarithmic axis, coloured by COCO's sizes, with their shares.

    ``sizes`` counts the instances of each size. :func:`maskwright.annotations.statistics.object_sizes.side_histogram`
    computes ``edges`` and ``counts``.
    """
    figure, axes = plot(HEIGHT)
    first = next(i for i, count in enumerate(counts) if count)
    # A logarithmic axis has no 0: the first bin is drawn as wide as the others.
    drawn = [edges[1] / (edges[2] / edges[1]) if len(edges) > 2 else 1.0, *edges[1:]]
    for i in range(first, len(counts)):
        name = "small" if edges[i] < _SIZE_BORDERS[0] else "medium" if edges[i] < _SIZE_BORDERS[1] else "large"
        axes.bar(drawn[i], counts[i], drawn[i + 1] - drawn[i], align="edge", color=SIZE_COLORS[name], edgecolor="none")
    axes.set_xscale("log")
    left, right = min(drawn[first], 16.0), max(drawn[-1], 192.0)
    axes.set_xlim(left, right)
    axes.set_ylim(0, max(counts) * 1.22)
    total = sum(sizes.values())
    texts = [f"{name}\n{percent(count / total)}" for name, count in sizes.items()]
    _name_sizes(axes, (left, right), texts)
    _pixel_axis(axes, (left, right))
    axes.set_ylabel("instances")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="y")
    return figure


def sizes_per_class(quantiles: Mapping[str, Sequence[float]]) -> Figure:
    """Draw a row for each class, the first on top: the 10, 25, 50, 75 and 90 % quantiles of √area in pixels.

    A thin line spans the outer two, a thick one the inner two; a dot marks the median.
    """
    figure, axes = plot(64 + 18 * len(quantiles))
    # A logarithmic axis has no 0, the side of a mask without pixels.
    rows = np.maximum(np.array(list(quantiles.values())), 0.5)
    places = np.arange(len(rows))
    axes.hlines(places, rows[:, 0], rows[:, 4], color=BLUE, linewidth=1.2, alpha=0.7)
    axes.hlines(places, rows[:, 1], rows[:, 3], color=BLUE, linewidth=6, alpha=0.45)
    axes.plot(rows[:, 2], places, "o", color=BLUE, markersize=5.5)
    axes.set_xscale("log")
    limits = min(float(rows.min()) / 1.2, 16.0), max(float(rows.max()) * 1.2, 192.0)
    axes.set_xlim(*limits)
    axes.set_yticks(places, [axis_name(name) for name in quantiles])
    axes.set_ylim(len(rows) - 0.5, -1.6)
    _name_sizes(axes, limits, list(SIZE_COLORS))
    _pixel_axis(axes, limits)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return figure


def _name_sizes(axes: Axes, limits: tuple[float, float], texts: Sequence[str]) -> None:
    """Draw a line at each border between COCO's sizes.

    Each of the three ranges has its text above its middle where it is wide enough.
    """
    for border in _SIZE_BORDERS:
        axes.axvline(border, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    borders = (limits[0], *_SIZE_BORDERS, limits[1])
    for (low, high), text in zip(pairwise(borders), texts, strict=True):
        if math.log(high / low) / math.log(limits[1] / limits[0]) >= _ROOM_FOR_NAME:
            place = (math.sqrt(low * high), 0.985)
            axes.text(*place, text, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=11)


def _pixel_axis(axes: Axes, limits: tuple[float, float]) -> None:
    most = _MOST_TICKS if limits[1] < 1000 else _MOST_LONG_TICKS
    every = -(-math.log2(limits[1] / limits[0]) // most)
    ticks = [2**power for power in range(0, 32, round(every)) if limits[0] <= 2**power <= limits[1]]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("√area in pixels (logarithmic)")
