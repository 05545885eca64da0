"""Score label maps of any tool: two folders, matched by file name."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.semantic.label_folders import LabelMapFiles, folder_labels, label_map_pairs
from maskwright.evaluation.semantic.label_names import LabelRemapper
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
    truth: str | Path,
    predictions: str | Path,
    *,
    classes: str | Path | None = None,
    ignore: Sequence[str] = (),
    ignore_index: int | None = None,
    boundary: bool = False,
    intervals: bool = False,
    workers: int = 2,
    reporter: Reporter | None = None,
) -> SemanticScores:
    """Score a folder of predicted label maps against a folder of true ones.

    All pixels of all images go into one confusion matrix.

    Args:
        truth: The folder of true label maps, PNG files of one channel.
        predictions: The folder of predicted label maps of the same names.
        classes: The names of the labels of both folders: a ``classes.json``, or a text file with a name a line from
            label 0. None for the ``classes.json`` of each folder, matched by name; one of them is enough.
        ignore: The names of classes whose true pixels do not count.
        ignore_index: The label whose true pixels do not count; 255 by default, 65535 in 16-bit files.
        boundary: Compute boundary IoU too (Cheng et al. 2021), which takes several times as long.
        intervals: Compute 95 % bootstrap intervals over images too, from a thousand samples.
        workers: How many threads read files.
        reporter: Where progress goes; standard error by default.

    Returns:
        The scores, and remarks on predictions that are not scored.

    Raises:
        UsageError: Labels have no names, a class is unknown, or a folder is missing or empty.
        DataError: A prediction is missing or of another size, or a label has no name.
    """
    truth, predictions, classes = Path(truth), Path(predictions), Path(classes) if classes is not None else None
    if ignore_index is not None and not 0 <= ignore_index < 2**16:
        raise UsageError(f"--ignore-index {ignore_index}: expected a label from 0 to 65535.")
    reporter = reporter or Reporter()
    pairs, without_truth = label_map_pairs(truth, predictions)
    labels = folder_labels(truth, predictions, classes, ignore, ignore_index)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        counted = pool.map(lambda pair: _counts(pair, labels, boundary), pairs)
        tracked = reporter.track(counted, "scoring label maps", len(pairs))
        resampling = Resampling() if intervals else None
        return summarise_semantic(tracked, labels, boundary, without_truth, predictions, resampling)


def _counts(pair: LabelMapFiles, labels: LabelRemapper, boundary: bool) -> PixelCounts:
    true, predicted = read_label_map(pair.truth), read_label_map(pair.prediction)
    return count_label_maps(LabelMapPair(true, predicted, pair.truth, pair.prediction), labels, boundary)
