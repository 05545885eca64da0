"""A reliability diagram: the share of correct predictions by confidence, and the number of predictions.

Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from maskwright.reports.plots.colors import COLORS, INK
from maskwright.reports.plots.svg import WIDTH

HEIGHT = 360
BLUE, ORANGE = COLORS[:2]

Bin = Mapping[str, Any]


def reliability_plot(
    bins: Sequence[Bin],
    error: float,
    counted: str = "pixels",
    confidence: str = "confidence: the highest probability of a pixel",
) -> Figure:
    """Draw the ``bins`` of calibration scores, whose ECE is ``error``.

    :func:`~maskwright.evaluation.semantic.calibration.calibration_scores` computes them.

    The upper plot has a bar for the share of correct predictions of each bin and a dot at its mean confidence; the line
    between them is the bin's error. The lower plot has each bin's share of all predictions. A bin without predictions
    is empty. ``counted`` names what is predicted, ``confidence`` the horizontal axis. Call it within ``svg.STYLE``.
    """
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), layout="constrained", facecolor="none")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    found = [each for each in bins if each["count"]]
    _accuracies(top, found)
    total = sum(each["count"] for each in found)
    _bars(bottom, found, [each["count"] / total for each in found], "")
    for axes, title in ((top, f"{counted} that are right"), (bottom, "share of all")):
        axes.set_facecolor("none")
        axes.set_ylabel(title)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.0f} %")
        axes.grid()
    bottom.set_xlabel(confidence)
    bottom.set_xlim(0, 1)
    figure.legend(loc="outside upper left", ncols=3, title=f"calibration error (ECE) {error:.3f}", alignment="left")
    return figure


def _accuracies(axes: Axes, bins: Sequence[Bin]) -> None:
    accuracy = [each["accuracy"] for each in bins]
    confidence = [each["confidence"] for each in bins]
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="calibrated")
    _bars(axes, bins, accuracy, "share right")
    axes.vlines(confidence, accuracy, confidence, color=ORANGE, linewidth=2)
    axes.plot(confidence, confidence, "o", color=ORANGE, label="mean confidence")
    axes.set_ylim(0, 1)


def _bars(axes: Axes, bins: Sequence[Bin], heights: Sequence[float], label: str) -> None:
    """Draw a bar for each bin, with a gap between neighbours."""
    left, right = ([each[side] for each in bins] for side in ("from", "to"))
    widths = [0.92 * (end - start) for start, end in zip(left, right, strict=True)]
    middles = [(start + end) / 2 for start, end in zip(left, right, strict=True)]
    axes.bar(middles, heights, widths, color=BLUE, alpha=0.55, linewidth=0, label=label or None)
