"""Curves of both parts of the data over the epochs: validation solid, training dashed, one colour for each name."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from maskwright.reports.plots.colors import COLORS
from maskwright.reports.plots.figures import LEGEND_ROW, MARKED_POINTS, PLOT_HEIGHT, Curve, finish_curves
from maskwright.reports.plots.svg import STYLE, axis_name, plot, svg_text


def part_curves(
    epochs: Sequence[int], training: Mapping[str, Curve], validation: Mapping[str, Curve], quantity: str
) -> str:
    """Return the curves of ``training`` and ``validation`` by name over the ``epochs`` as SVG text.

    The vertical axis shows ``quantity``. Names that both parts have share a colour and a line of the legend. Lines
    bridge missing values (None).
    """
    names = list(dict.fromkeys([*training, *validation]))
    with mpl.rc_context(STYLE):
        figure, axes = plot(PLOT_HEIGHT + LEGEND_ROW * ((len(names) + 1) // 2))
        for position, name in enumerate(names):
            more = position >= len(COLORS)  # whose colours come again
            _line(axes, epochs, training.get(name, ()), position, ":" if more else "--")
            _line(axes, epochs, validation.get(name, ()), position, "-." if more else "-")
        finish_curves(figure, axes, quantity, [_key(name, position) for position, name in enumerate(names)])
        return svg_text(figure, f"{quantity} per epoch: " + ", ".join(names))


def _line(axes: Axes, epochs: Sequence[int], values: Curve, position: int, style: str) -> None:
    points = [(epoch, value) for epoch, value in zip(epochs, values, strict=False) if value is not None]
    marker = "o" if len(points) <= MARKED_POINTS else None
    color = COLORS[position % len(COLORS)]
    axes.plot([e for e, _ in points], [v for _, v in points], color=color, linestyle=style, marker=marker)


def _key(name: str, position: int) -> Line2D:
    style = "-." if position >= len(COLORS) else "-"
    return Line2D([], [], color=COLORS[position % len(COLORS)], linestyle=style, label=axis_name(name))
