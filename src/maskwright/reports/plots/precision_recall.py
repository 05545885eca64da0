"""Precision-recall curves of classes, from the highest score to the lowest."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from maskwright.reports.plots.colors import COLORS
from maskwright.reports.plots.svg import axis_name, plot

HEIGHT, LEGEND_ROW = 320, 18

# Points nearer than this to the last one drawn look the same.
_NEAR = 0.004

Curve = Mapping[str, Sequence[float]]


def precision_recall_curves(curves: Mapping[str, Curve], score: float) -> Figure:
    """Draw a line for each class of ``curves``, ``{"score", "precision", "recall"}`` from the highest score down.

    A dot marks the precision and recall of the detections with at least ``score``; a class without such a detection has
    none. Call it within ``svg.STYLE``.
    """
    figure, axes = plot(HEIGHT + LEGEND_ROW * ((len(curves) + 1) // 2))
    for position, (name, curve) in enumerate(curves.items()):
        color = COLORS[position % len(COLORS)]
        points = list(zip(curve["recall"], curve["precision"], strict=True))
        drawn = _apart([(0.0, points[0][1]), *points]) if points else []
        axes.plot(
            [recall for recall, _ in drawn], [precision for _, precision in drawn], color=color, label=axis_name(name)
        )
        kept = sum(each >= score for each in curve["score"])
        if kept:
            axes.plot(*points[kept - 1], "o", color=color, markersize=6)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall: objects that are found")
    axes.set_ylabel("precision: detections that are right")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value * 100:.0f} %")
    axes.grid()
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _apart(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that differ visibly from the last one kept. The first and the last are always kept."""
    kept = [points[0]]
    for point in points[1:-1]:
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= _NEAR:
            kept.append(point)
    return [*kept, points[-1]]
