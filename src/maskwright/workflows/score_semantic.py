"""Scores of label maps that any tool wrote, from two folders."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.semantic import scores as semantic
from maskwright.evaluation.semantic.boundary import boundary_counts, with_boundary_scores
from maskwright.evaluation.semantic.label_folders import Pair, classes_file, label_map_pairs
from maskwright.evaluation.semantic.label_names import LabelNames, Labels, read_label_names
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter


@dataclass(frozen=True)
class SemanticScores:
    """The scores of a folder of label maps; ``remarks`` are what a person should know beside them."""

    scores: dict[str, Any]
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**self.scores, "remarks": self.remarks}


def score_semantic(
    truth: Path,
    predictions: Path,
    *,
    classes: Path | None = None,
    ignore: Sequence[str] = (),
    ignore_index: int | None = None,
    boundary: bool = False,
    workers: int = 2,
    reporter: Reporter | None = None,
) -> SemanticScores:
    """Score the label maps in ``predictions`` by those in ``truth``, which belong together by file name.

    ``classes`` names the labels of both: a ``classes.json``, or a text file with a name a line from label 0. Without it
    each folder's own ``classes.json`` does, and classes meet by name. Truth of the classes ``ignore`` and of the label
    ``ignore_index`` does not count. ``boundary`` adds boundary IoU, which takes several times as long.

    Raises ``UsageError`` when classes have no names, ``DataError`` for missing predictions, for maps of different sizes
    and for labels without a name.
    """
    if ignore_index is not None and not 0 <= ignore_index < 2**16:
        raise UsageError(f"--ignore-index {ignore_index}: expected a label from 0 to 65535.")
    reporter = reporter or Reporter()
    pairs, without_truth = label_map_pairs(truth, predictions)
    labels = _labels(truth, predictions, classes, ignore, ignore_index)
    counts = np.zeros((labels.classes + 1, labels.classes + 1), np.int64)
    edges = np.zeros((labels.classes, 2), np.int64)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        measured = pool.map(lambda pair: _measure(pair, labels, boundary), pairs)
        for confusion, boundaries in reporter.track(measured, "scoring label maps", len(pairs)):
            counts += confusion
            edges += boundaries
    scores = _scores(counts[:-1], edges if boundary else None, labels) | {"images": len(pairs)}
    return SemanticScores(scores, _remarks(labels, without_truth, predictions, int(counts[:-1, -1].sum())))


def _labels(
    truth: Path, predictions: Path, classes: Path | None, ignore: Sequence[str], ignore_index: int | None
) -> Labels:
    if classes is not None:
        return Labels(read_label_names(classes, ignore_index), None, ignore)
    of_truth, of_predictions = classes_file(truth), classes_file(predictions)
    if of_truth is None and of_predictions is None:
        raise UsageError(
            f"Neither {truth} nor {predictions} holds classes.json; expected the names of the labels. Give them with "
            "--classes FILE, a text file with a name a line, label 0 first."
        )
    named: LabelNames = read_label_names(of_truth or of_predictions or truth, ignore_index)
    return Labels(named, read_label_names(of_predictions, ignore_index) if of_predictions else None, ignore)


def _measure(pair: Pair, labels: Labels, boundary: bool) -> tuple[semantic.Confusion, semantic.Confusion]:
    true, predicted = read_label_map(pair.truth), read_label_map(pair.prediction)
    if true.shape != predicted.shape:
        raise DataError(
            f"{pair.prediction}: is {predicted.shape[1]}×{predicted.shape[0]} pixels, its truth {pair.truth} "
            f"{true.shape[1]}×{true.shape[0]} (width×height); expected one size. Predict at the size of the image."
        )
    truth = labels.truth(true, pair.truth)
    prediction = labels.prediction(predicted, pair.prediction)
    confusion = semantic.confusion(truth, prediction, labels.classes + 1, labels.ignore_index)
    if not boundary:
        return confusion, np.zeros((labels.classes, 2), np.int64)
    return confusion, boundary_counts(truth, prediction, labels.classes, labels.ignore_index)


def _scores(counts: semantic.Confusion, edges: semantic.Confusion | None, labels: Labels) -> dict[str, Any]:
    scores = semantic.semantic_scores(counts, labels.names)
    if edges is not None:
        scores = with_boundary_scores(scores, edges, labels.names)
    columns = [*labels.names, "none of them"]
    confusion = {"rows": "truth", "names": labels.names, "columns": columns, "pixels": counts.tolist()}
    return {**scores, "confusion": confusion, "protocol": semantic.PROTOCOL}


def _remarks(labels: Labels, without_truth: Sequence[str], predictions: Path, nothing: int) -> list[str]:
    remarks = []
    if without_truth:
        some = ", ".join(without_truth[:5]) + (", …" if len(without_truth) > 5 else "")
        remarks.append(f"{predictions}: {len(without_truth)} label maps have no truth and are not scored ({some}).")
    if labels.foreign:
        remarks.append(
            f"{predictions}: the classes {', '.join(labels.foreign[:5])} are not in the truth; their pixels count as "
            "misses of what is there."
        )
    if nothing:
        remarks.append(f"{predictions}: {nothing} pixels are predicted as none of the classes; they count as misses.")
    return remarks
