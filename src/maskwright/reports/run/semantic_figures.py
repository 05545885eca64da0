"""The figures of a semantic model's scores, and a table of confusions where the matrix is too large."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.reports.confusion_table import largest_confusions
from maskwright.reports.run.figure_cache import FigureCache, RunFigure
from maskwright.reports.tables import ABSENT, Table, is_measured

# A larger matrix is not readable. A table of the largest confusions replaces it.
MOST_IN_MATRIX = 20


def semantic_figures(split: str, scores: Mapping[str, Any], figures: FigureCache | None = None) -> Iterator[RunFigure]:
    """Yield the figures that ``scores`` has numbers for, drawn in the style of a page. Their names end with ``split``.

    Those that ``figures`` keeps are not drawn again.

    A confusion matrix of more than 20 classes, background among them, is not drawn.
    """
    figures = figures or FigureCache()
    calibration = scores.get("calibration") or {}
    if is_measured(calibration.get("ECE")):
        caption = (
            f"Calibration on the {split} split. Bar: share of correct pixels by confidence; a calibrated model reaches "
            "the dashed line. Orange: the error of a bin."
        )
        numbers = calibration["bins"], calibration["ECE"]
        yield figures.figure(f"reliability-{split}", caption, "reliability", *numbers)
    names, counts = _confusion(scores)
    if counts.any() and len(names) <= MOST_IN_MATRIX:
        caption = (
            f"Confusion matrix of the {split} split: percent of the pixels of each true class by predicted class. "
            f"{ABSENT}: the class does not occur in the truth."
        )
        yield figures.figure(f"confusion-{split}", caption, "confusion", names, counts.tolist())


def confusions(scores: Mapping[str, Any]) -> Table | None:
    """Return a table of the largest confusions where the matrix is too large to draw, else None."""
    names, counts = _confusion(scores)
    return largest_confusions(names, counts) if len(names) > MOST_IN_MATRIX else None


def _confusion(scores: Mapping[str, Any]) -> tuple[list[str], npt.NDArray[np.int64]]:
    recorded = scores.get("confusion") or {"names": [], "pixels": []}
    return recorded["names"], np.array(recorded["pixels"], np.int64)
