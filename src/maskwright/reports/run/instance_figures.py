"""The figures of an instance model's scores, and a table of confusions where the matrix is too large."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.reports.confusion_table import largest_confusions
from maskwright.reports.plots.colors import COLORS
from maskwright.reports.run.figure_cache import FigureCache, RunFigure
from maskwright.reports.run.semantic_figures import MOST_IN_MATRIX
from maskwright.reports.tables import ABSENT, Scores, Table, is_measured

Curve = Mapping[str, Sequence[float]]

# The caption of a figure, and the numbers that it is drawn of.
_Planned = tuple[Any, ...] | None

# One colour each.
MOST_CURVES = len(COLORS)


def instance_figures(
    split: str, scores: Scores, curves: Mapping[str, Curve] | None, figures: FigureCache | None = None
) -> Iterator[RunFigure]:
    """Yield the figures that ``scores`` has numbers for, drawn in the style of a page. Their names end with ``split``.

    ``curves`` is the content of ``curves.json``, or None. A confusion matrix of more than 20 classes is not drawn,
    nor is what ``figures`` keeps.
    """
    figures = figures or FigureCache()
    parts: dict[str, Callable[[], _Planned]] = {
        "precision-recall": lambda: _precision_recall(split, scores, curves or {}),
        "reliability": lambda: _reliability(split, scores),
        "confusion": lambda: _confusion(split, scores),
    }
    for kind, plan in parts.items():
        if (planned := plan()) is not None:
            caption, *numbers = planned
            yield figures.figure(f"{kind}-{split}", caption, kind, *numbers)


def confusions(scores: Scores) -> Table | None:
    """Return a table of the largest confusions where the matrix is too large to draw, else None."""
    names, counts = _counts(scores)
    if len(names) <= MOST_IN_MATRIX + 1:
        return None
    return largest_confusions(names[:-1], counts[:-1, :-1], unit="objects", totals=counts[:-1].sum(axis=1))


def _precision_recall(split: str, scores: Scores, curves: Mapping[str, Curve]) -> _Planned:
    at, classes = scores.get("at_score") or {}, scores.get("classes") or {}
    present = [name for name, curve in curves.items() if curve["score"]]
    if not present or not is_measured(at.get("score")):
        return None
    chosen = sorted(present, key=lambda name: -(classes.get(name) or {}).get("instances", 0))[:MOST_CURVES]
    some = f" The {MOST_CURVES} of {len(present)} classes with most objects." if len(present) > MOST_CURVES else ""
    caption = (
        f"Precision and recall on the {split} split. The score threshold falls from left to right; detections match "
        f"objects at an IoU of {at['iou']:g}. Dot: score threshold {at['score']:g}.{some}"
    )
    return caption, {name: curves[name] for name in chosen}, at["score"]


def _reliability(split: str, scores: Scores) -> _Planned:
    calibration = scores.get("calibration") or {}
    if not is_measured(calibration.get("ECE")):
        return None
    caption = (
        f"Calibration on the {split} split. Bar: share of correct detections by score; a calibrated model reaches the "
        "dashed line. Orange: the error of a bin."
    )
    return caption, calibration["bins"], calibration["ECE"], "detections", "score of a detection"


def _confusion(split: str, scores: Scores) -> _Planned:
    names, counts = _counts(scores)
    if not counts.any() or len(names) > MOST_IN_MATRIX + 1:
        return None
    score = (scores.get("at_score") or {}).get("score")
    kept = f", for detections with a score of at least {score:g}" if is_measured(score) else ""
    caption = (
        f"Confusion matrix of the {split} split: percent of the objects of each true class by predicted class{kept}; "
        f"{names[-1]}: missed. Last row: detections without an object. {ABSENT}: the row has no counts."
    )
    return caption, names, counts.tolist()


def _counts(scores: Scores) -> tuple[list[str], npt.NDArray[np.int64]]:
    recorded = scores.get("confusion") or {"names": [], "counts": []}
    return recorded["names"], np.array(recorded["counts"], np.int64)
