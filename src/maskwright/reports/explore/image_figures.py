"""Figures of the images of a data set: instances per image, image sizes and aspect ratios."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from maskwright.reports.plots.colors import COLORS, INK
from maskwright.reports.plots.svg import plot

BLUE, VIOLET = COLORS[0], COLORS[3]
HEIGHT = 270

_MOST_BARS = 40
_NICE_STEPS = (1, 2, 5)
_OCTAVES_PER_BIN = 0.2
_RATIOS = {"1:2": -1.0, "2:3": -math.log2(1.5), "3:4": -math.log2(4 / 3), "1:1": 0.0}
_RATIOS |= {"4:3": math.log2(4 / 3), "3:2": math.log2(1.5), "16:9": math.log2(16 / 9), "2:1": 1.0}


def instances_per_image(images: Mapping[int, int]) -> Figure:
    """Draw a histogram of the images by their number of instances; ``images`` is ``{instances: images}``.

    Images without instances have a bar of their own.
    """
    figure, axes = plot(HEIGHT)
    largest = max(images)
    step = _step(largest)
    counts = np.zeros(-(-largest // step) + 1, np.int64)
    for number, count in images.items():
        counts[-(-number // step)] += count
    places = np.arange(len(counts))
    # The bar of n to m instances stands between n - ½ and m + ½.
    left = np.where(places == 0, -0.5, (places - 1) * step + 0.5)
    widths = np.where(places == 0, 1.0, step)
    axes.bar(left + 0.03 * widths, counts, 0.94 * widths, align="edge", color=BLUE)
    axes.set_xlim(-0.5, largest + 0.5 if step == 1 else (len(counts) - 1) * step + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("instances on an image" + (f", {step} to a bar" if step > 1 else ""))
    axes.set_ylabel("images")
    axes.grid(axis="y")
    return figure


def image_sizes(images: Mapping[tuple[int, int], int]) -> Figure:
    """Draw a dot for each image size; ``images`` is ``{(H, W): images}``, and the area of a dot follows the images."""
    figure, axes = plot(HEIGHT + 60)
    counts = np.array(list(images.values()), np.float64)
    heights, widths = np.array(list(images), np.float64).T
    scale = 700 / counts.max()
    axes.scatter(widths, heights, s=counts * scale + 6, color=BLUE, alpha=0.55, edgecolors=BLUE, linewidths=0.8)
    end = max(heights.max(), widths.max()) * 1.12
    axes.plot([0, end], [0, end], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    # Just above the line, along it.
    corner, turned = (end * 0.05, end * 0.05), {"rotation": 45, "rotation_mode": "anchor"}
    axes.annotate("square", corner, (-2, 4), textcoords="offset points", fontsize=11, **turned)
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)
    axes.set_aspect("equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("width in pixels")
    axes.set_ylabel("height in pixels")
    axes.grid()
    return figure


def aspect_ratios(images: Mapping[tuple[int, int], int]) -> Figure:
    """Draw a histogram of width to height; ``images`` is ``{(H, W): images}``.

    The axis is logarithmic and symmetric about the square.
    """
    figure, axes = plot(HEIGHT)
    bins: dict[int, int] = {}
    for (height, width), count in images.items():
        place = round(math.log2(width / height) / _OCTAVES_PER_BIN)
        bins[place] = bins.get(place, 0) + count
    places = [place * _OCTAVES_PER_BIN for place in bins]
    axes.bar(places, list(bins.values()), _OCTAVES_PER_BIN * 0.94, color=VIOLET)
    reach = max(1.1, *(abs(place) + _OCTAVES_PER_BIN / 2 for place in places))
    axes.set_xlim(-reach, reach)
    ticks = _RATIOS if reach < 1.5 else _powers_of_two(reach)
    axes.set_xticks(list(ticks.values()), list(ticks))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("width : height (logarithmic)")
    axes.set_ylabel("images")
    axes.grid(axis="y")
    return figure


def _step(largest: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that gives at most forty bars."""
    power = 1
    while True:
        for nice in _NICE_STEPS:
            if largest <= _MOST_BARS * nice * power:
                return nice * power
        power *= 10


def _powers_of_two(reach: float) -> dict[str, float]:
    whole = math.floor(reach)
    every = -(-whole // 3)
    powers = [power for power in range(-whole, whole + 1) if power % every == 0]
    return {f"{2 ** max(power, 0)}:{2 ** max(-power, 0)}": float(power) for power in powers}
