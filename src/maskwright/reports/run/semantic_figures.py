"""The figures of a split that a semantic model was scored on, and the table that stands in for one too large."""

from collections.abc import Iterator, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from maskwright.reports.confusion_table import largest_confusions
from maskwright.reports.explore.figures import NamedFigure
from maskwright.reports.plots.confusion_matrix import confusion_matrix
from maskwright.reports.plots.reliability import reliability_plot
from maskwright.reports.plots.svg import STYLE, svg_text
from maskwright.reports.tables import ABSENT, Table, is_measured

# More classes make a matrix that nobody reads; their largest confusions are a table.
MOST_IN_MATRIX = 20


def semantic_figures(split: str, scores: Mapping[str, Any]) -> Iterator[NamedFigure]:
    """Draw what ``scores`` has numbers for, in the style of a page; the names end with ``split``.

    A confusion matrix of more than 20 classes is not drawn.
    """
    calibration = scores.get("calibration") or {}
    if is_measured(calibration.get("ECE")):
        caption = (
            f"Calibration on the {split} split: where bars reach the dashed line, confidence says how often a pixel is "
            "right. Orange: how far they miss it."
        )
        with mpl.rc_context(STYLE):
            figure = reliability_plot(calibration["bins"], calibration["ECE"])
            yield NamedFigure(f"reliability-{split}", caption, figure, svg_text(figure, caption))
    names, counts = _confusion(scores)
    if counts.any() and len(names) <= MOST_IN_MATRIX:
        caption = (
            f"Confusion matrix of the {split} split: of each true class, how many percent of its pixels were predicted "
            f"as which. {ABSENT}: the class does not occur in the truth."
        )
        with mpl.rc_context(STYLE):
            figure = confusion_matrix(names, counts)
            yield NamedFigure(f"confusion-{split}", caption, figure, svg_text(figure, caption))


def confusions(scores: Mapping[str, Any]) -> Table | None:
    """The largest confusions in ``scores``, where their matrix is not drawn; None where it is, or without numbers."""
    names, counts = _confusion(scores)
    return largest_confusions(names, counts) if len(names) > MOST_IN_MATRIX else None


def _confusion(scores: Mapping[str, Any]) -> tuple[list[str], npt.NDArray[np.int64]]:
    recorded = scores.get("confusion") or {"names": [], "pixels": []}
    return recorded["names"], np.array(recorded["pixels"], np.int64)
