"""Scores of label maps that any tool wrote, from two folders."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.evaluation.semantic.label_folders import LabelMapFiles, classes_file, label_map_pairs
from maskwright.evaluation.semantic.label_names import LabelNames, LabelRemapper, read_label_names
from maskwright.evaluation.semantic.summary import (
    LabelMapPair,
    PixelCounts,
    SemanticScores,
    count_label_maps,
    summarise_semantic,
)
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter


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
    with ThreadPoolExecutor(max(1, workers)) as pool:
        counted = pool.map(lambda pair: _counts(pair, labels, boundary), pairs)
        tracked = reporter.track(counted, "scoring label maps", len(pairs))
        return summarise_semantic(tracked, labels, boundary, without_truth, predictions)


def _labels(
    truth: Path, predictions: Path, classes: Path | None, ignore: Sequence[str], ignore_index: int | None
) -> LabelRemapper:
    if classes is not None:
        return LabelRemapper(read_label_names(classes, ignore_index), None, ignore)
    of_truth, of_predictions = classes_file(truth), classes_file(predictions)
    if of_truth is None and of_predictions is None:
        raise UsageError(
            f"Neither {truth} nor {predictions} holds classes.json; expected the names of the labels. Give them with "
            "--classes FILE, a text file with a name a line, label 0 first."
        )
    named: LabelNames = read_label_names(of_truth or of_predictions or truth, ignore_index)
    return LabelRemapper(named, read_label_names(of_predictions, ignore_index) if of_predictions else None, ignore)


def _counts(pair: LabelMapFiles, labels: LabelRemapper, boundary: bool) -> PixelCounts:
    true, predicted = read_label_map(pair.truth), read_label_map(pair.prediction)
    return count_label_maps(LabelMapPair(true, predicted, pair.truth, pair.prediction), labels, boundary)
