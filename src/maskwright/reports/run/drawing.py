"""The figures of a run's page by kind, as matplotlib draws them. Only :mod:`.figure_cache` imports it, when it must."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from maskwright.reports.plots.confusion_matrix import confusion_matrix
from maskwright.reports.plots.figure_files import write_figure
from maskwright.reports.plots.figures import class_distribution, loss_curves, metric_curves
from maskwright.reports.plots.part_curves import part_curves
from maskwright.reports.plots.precision_recall import precision_recall_curves
from maskwright.reports.plots.reliability import reliability_plot
from maskwright.reports.plots.svg import STYLE, svg_text


def _confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Figure:
    return confusion_matrix(names, np.array(counts, np.int64))


# They give their SVG text.
CURVES: dict[str, Callable[..., str]] = {
    "classes": class_distribution,
    "losses": loss_curves,
    "scores": metric_curves,
    "parts": part_curves,
}
# They are written as files of their own too.
FIGURES: dict[str, Callable[..., Figure]] = {
    "reliability": reliability_plot,
    "confusion": _confusion,
    "precision-recall": precision_recall_curves,
}


def draw_curves(kind: str, *numbers: object) -> str:
    """Return the figure of a ``kind`` in ``CURVES`` as SVG text; ``numbers`` are the arguments of its function."""
    return CURVES[kind](*numbers)


def draw_figure(file: Path | None, caption: str, kind: str, *numbers: object) -> str:
    """Return the figure of a ``kind`` in ``FIGURES`` as SVG text, with ``caption`` as its accessible label.

    ``file`` is the path of its SVG and PNG files without suffix; None writes none.
    """
    with mpl.rc_context(STYLE):
        figure = FIGURES[kind](*numbers)
        svg = svg_text(figure, caption)
    if file is not None:
        write_figure(file.parent, file.name, figure, svg)
    return svg
