"""The figures of a semantic model's scores, and a table of confusions where the matrix is too large."""

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

# A larger matrix is not readable. A table of the largest confusions replaces it.
MOST_IN_MATRIX = 20


def semantic_figures(split: str, scores: Mapping[str, Any]) -> Iterator[NamedFigure]:
    """Yield the figures that ``scores`` has numbers for, drawn in the style of a page. Their names end with ``split``.

    A confusion matrix of more than 20 classes, background among them, is not drawn.
    """
    calibration = scores.get("calibration") or {}
    if is_measured(calibration.get("ECE")):
        caption = (
            f"Calibration on the {split} split. Bar: share of correct pixels by confidence; a calibrated model reaches "
            "the dashed line. Orange: the error of a bin."
        )
        with mpl.rc_context(STYLE):
            figure = reliability_plot(calibration["bins"], calibration["ECE"])
            yield NamedFigure(f"reliability-{split}", caption, figure, svg_text(figure, caption))
    names, counts = _confusion(scores)
    if counts.any() and len(names) <= MOST_IN_MATRIX:
        caption = (
            f"Confusion matrix of the {split} split: percent of the pixels of each true class by predicted class. "
            f"{ABSENT}: the class does not occur in the truth."
        )
        with mpl.rc_context(STYLE):
            figure = confusion_matrix(names, counts)
            yield NamedFigure(f"confusion-{split}", caption, figure, svg_text(figure, caption))


def confusions(scores: Mapping[str, Any]) -> Table | None:
    """Return a table of the largest confusions where the matrix is too large to draw, else None."""
    names, counts = _confusion(scores)
    return largest_confusions(names, counts) if len(names) > MOST_IN_MATRIX else None


def _confusion(scores: Mapping[str, Any]) -> tuple[list[str], npt.NDArray[np.int64]]:
    recorded = scores.get("confusion") or {"names": [], "pixels": []}
    return recorded["names"], np.array(recorded["pixels"], np.int64)
