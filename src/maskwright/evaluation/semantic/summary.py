"""The complete answer to a request for semantic scores: counts of each pair of label maps, and scores of their sum.

Scoring of folders and scoring in memory both call it, so that they cannot disagree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.errors import DataError, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.semantic import scores as semantic
from maskwright.evaluation.semantic.boundary import boundary_counts, with_boundary_scores
from maskwright.evaluation.semantic.intervals import class_pixels, semantic_intervals
from maskwright.evaluation.semantic.label_names import LabelRemapper
from maskwright.structures import LabelMap

# The confusion matrix and the boundaries of one or more images.
PixelCounts = tuple[semantic.Confusion, semantic.Confusion]


@dataclass(frozen=True)
class SemanticScores:
    """The scores of a set of label maps; ``remarks`` name what a user should know beside them."""

    scores: dict[str, Any]
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        return {**self.scores, "remarks": self.remarks}


@dataclass(frozen=True)
class LabelMapPair:
    """The true and the predicted label map ``(H, W)`` of one image, and their names in messages."""

    truth: LabelMap
    prediction: LabelMap
    truth_source: Path | str
    prediction_source: Path | str


def count_label_maps(pair: LabelMapPair, labels: LabelRemapper, boundary: bool) -> PixelCounts:
    """Count the pixels of one image in a confusion matrix, and with ``boundary`` its boundary pixels.

    The matrix is ``(n + 1, n + 1)`` for n classes, the boundary counts are ``(n, 2)``, zeros without ``boundary``.
    Raises ``DataError`` for maps of different sizes and for a label without a name.
    """
    true, predicted = pair.truth, pair.prediction
    if true.shape != predicted.shape:
        raise DataError(
            f"{pair.prediction_source}: is {predicted.shape[1]}×{predicted.shape[0]} pixels, its truth "
            f"{pair.truth_source} {true.shape[1]}×{true.shape[0]} (width×height); expected one size. Predict at the "
            "size of the image."
        )
    truth = labels.truth(true, pair.truth_source)
    prediction = labels.prediction(predicted, pair.prediction_source)
    confusion = semantic.confusion(truth, prediction, labels.classes + 1, labels.ignore_index)
    if not boundary:
        return confusion, np.zeros((labels.classes, 2), np.int64)
    return confusion, boundary_counts(truth, prediction, labels.classes, labels.ignore_index)


def summarise_semantic(
    counted: Iterable[PixelCounts],
    labels: LabelRemapper,
    boundary: bool,
    without_truth: Sequence[str],
    predictions: Path | str,
    resampling: Resampling | None = None,
) -> SemanticScores:
    """Compute the scores of the sum of ``counted``, the counts of each image.

    ``without_truth`` names predictions that are not scored. ``predictions`` is the name of all predictions in messages.
    ``resampling`` adds bootstrap ``intervals`` over the images, which are in the order of ``counted``.
    """
    counts = np.zeros((labels.classes + 1, labels.classes + 1), np.int64)
    edges = np.zeros((labels.classes, 2), np.int64)
    images = []
    for confusion, boundaries in counted:
        counts += confusion
        edges += boundaries
        images.append(class_pixels(confusion, boundaries))
    scores = _scores(counts[:-1], edges if boundary else None, labels) | {"images": len(images)}
    if resampling is not None:
        scores["intervals"] = semantic_intervals(images, labels.names, resampling)
    return SemanticScores(scores, _remarks(labels, without_truth, predictions, int(counts[:-1, -1].sum())))


def _scores(counts: semantic.Confusion, edges: semantic.Confusion | None, labels: LabelRemapper) -> dict[str, Any]:
    scores = semantic.semantic_scores(counts, labels.names)
    if edges is not None:
        scores = with_boundary_scores(scores, edges, labels.names)
    columns = [*labels.names, "none of them"]
    confusion = {"rows": "truth", "names": labels.names, "columns": columns, "pixels": counts.tolist()}
    return {**scores, "confusion": confusion, "protocol": semantic.PROTOCOL}


def _remarks(labels: LabelRemapper, without_truth: Sequence[str], predictions: Path | str, nothing: int) -> list[str]:
    remarks = []
    if without_truth:
        some = some_of(without_truth, 5)
        remarks.append(f"{predictions}: {len(without_truth)} label maps have no truth and are not scored ({some}).")
    if labels.foreign:
        remarks.append(
            f"{predictions}: the classes {', '.join(labels.foreign[:5])} are not in the truth; their pixels count as "
            "misses of what is there."
        )
    if nothing:
        remarks.append(f"{predictions}: {nothing} pixels are predicted as none of the classes; they count as misses.")
    return remarks
