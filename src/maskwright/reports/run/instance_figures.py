"""The figures of an instance model's scores, and a table of confusions where the matrix is too large."""

from collections.abc import Callable, Iterator, Mapping

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from maskwright.reports.confusion_table import largest_confusions
from maskwright.reports.explore.figures import NamedFigure
from maskwright.reports.plots.confusion_matrix import confusion_matrix
from maskwright.reports.plots.figures import COLORS
from maskwright.reports.plots.precision_recall import Curve, precision_recall_curves
from maskwright.reports.plots.reliability import reliability_plot
from maskwright.reports.plots.svg import STYLE, svg_text
from maskwright.reports.run.semantic_figures import MOST_IN_MATRIX
from maskwright.reports.tables import ABSENT, Scores, Table, is_measured

_Drawn = tuple[str, Figure] | None

# One colour each.
MOST_CURVES = len(COLORS)


def instance_figures(split: str, scores: Scores, curves: Mapping[str, Curve] | None) -> Iterator[NamedFigure]:
    """Yield the figures that ``scores`` has numbers for, drawn in the style of a page. Their names end with ``split``.

    ``curves`` is the content of ``curves.json``, or None. A confusion matrix of more than 20 classes is not drawn.
    """
    parts: dict[str, Callable[[], _Drawn]] = {
        "precision-recall": lambda: _precision_recall(split, scores, curves or {}),
        "reliability": lambda: _reliability(split, scores),
        "confusion": lambda: _confusion(split, scores),
    }
    for name, draw in parts.items():
        with mpl.rc_context(STYLE):
            found = draw()
            drawn = found and NamedFigure(f"{name}-{split}", *found, svg_text(found[1], found[0]))
        if drawn is not None:
            yield drawn


def confusions(scores: Scores) -> Table | None:
    """Return a table of the largest confusions where the matrix is too large to draw, else None."""
    names, counts = _counts(scores)
    if len(names) <= MOST_IN_MATRIX + 1:
        return None
    return largest_confusions(names[:-1], counts[:-1, :-1], unit="objects", totals=counts[:-1].sum(axis=1))


def _precision_recall(split: str, scores: Scores, curves: Mapping[str, Curve]) -> _Drawn:
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
    return caption, precision_recall_curves({name: curves[name] for name in chosen}, at["score"])


def _reliability(split: str, scores: Scores) -> _Drawn:
    calibration = scores.get("calibration") or {}
    if not is_measured(calibration.get("ECE")):
        return None
    caption = (
        f"Calibration on the {split} split. Bar: share of correct detections by score; a calibrated model reaches the "
        "dashed line. Orange: the error of a bin."
    )
    return caption, reliability_plot(calibration["bins"], calibration["ECE"], "detections", "score of a detection")


def _confusion(split: str, scores: Scores) -> _Drawn:
    names, counts = _counts(scores)
    if not counts.any() or len(names) > MOST_IN_MATRIX + 1:
        return None
    score = (scores.get("at_score") or {}).get("score")
    kept = f", for detections with a score of at least {score:g}" if is_measured(score) else ""
    caption = (
        f"Confusion matrix of the {split} split: percent of the objects of each true class by predicted class{kept}; "
        f"{names[-1]}: missed. Last row: detections without an object. {ABSENT}: the row has no counts."
    )
    return caption, confusion_matrix(names, counts)


def _counts(scores: Scores) -> tuple[list[str], npt.NDArray[np.int64]]:
    recorded = scores.get("confusion") or {"names": [], "counts": []}
    return recorded["names"], np.array(recorded["counts"], np.int64)
