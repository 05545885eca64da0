"""Score panoptic predictions of any tool: two JSON files of COCO's panoptic format with their PNG files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from maskwright.annotations.groups import read_grouping
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.classes import classes_of_files
from maskwright.evaluation.panoptic.files import PanopticFiles, PanopticPair, load_pair, panoptic_pairs
from maskwright.evaluation.panoptic.summary import PanopticMatches, PanopticScores, match_image, summarise_panoptic
from maskwright.progress import Reporter


def score_panoptic(
    truth: str | Path,
    predictions: str | Path,
    *,
    truth_folder: str | Path | None = None,
    prediction_folder: str | Path | None = None,
    groups: str | Path | None = None,
    intervals: bool = False,
    workers: int = 2,
    reporter: Reporter | None = None,
) -> PanopticScores:
    """Score panoptic predictions by the rules of panopticapi.

    In memory are both JSON files and the maps of as many images as there are ``workers``.

    Args:
        truth: The panoptic JSON file of the truth, or a folder with ``panoptic.json``.
        predictions: The panoptic JSON file of the predictions, or a folder with ``panoptic.json``. Its category ids are
            the truth's. Where it has categories with names, or a ``classes.json`` beside it, classes are matched by
            name.
        truth_folder: The folder of the truth's PNG files; by default ``X`` for ``X.json``, else the folder of the file.
        prediction_folder: The folder of the predicted PNG files, with the same default.
        groups: A shipped grouping or a YAML file of groups, to be scored instead of the classes. Its ``stuff`` names
            those that are no things.
        intervals: Compute 95 % bootstrap intervals over images too, from a thousand samples.
        workers: How many threads read files.
        reporter: Where progress goes; standard error by default.

    Returns:
        The scores, and remarks on what is unusual in the files.

    Raises:
        UsageError: A file or folder is missing.
        DataError: A file cannot be read, or truth and predictions do not fit each other; all findings are named.
    """
    reporter = reporter or Reporter()
    true = PanopticFiles.read(Path(truth), Path(truth_folder) if truth_folder is not None else None)
    found = PanopticFiles.read(Path(predictions), Path(prediction_folder) if prediction_folder is not None else None)
    grouping = read_grouping(str(groups)) if groups is not None else None
    classes = classes_of_files(true.file.path, true.file.categories, found.file.path, found.file.categories, grouping)
    pairs, findings = panoptic_pairs(true, found)

    def match(pair: PanopticPair) -> PanopticMatches:
        unread = PanopticMatches()
        maps = load_pair(true, found, pair, unread.findings)
        sources = true.source(pair.truth), found.source(pair.prediction)
        return unread if maps is None else match_image(*maps, classes, sources)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        tracked = reporter.track(pool.map(match, pairs), "scoring panoptic maps", len(pairs))
        return summarise_panoptic(tracked, classes, findings, found.file.path, Resampling() if intervals else None)
