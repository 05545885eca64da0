"""The label maps of a comparison of semantic models, counted in the classes that all of them have."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.semantic import SemanticModels
from maskwright.errors import DataError, some_of
from maskwright.evaluation.semantic.intervals import class_pixels
from maskwright.evaluation.semantic.label_folders import (
    LabelMapFiles,
    classes_file,
    folder_labels,
    label_map_pairs,
)
from maskwright.evaluation.semantic.label_names import LabelRemapper, read_label_names
from maskwright.evaluation.semantic.summary import LabelMapPair, count_label_maps
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.structures import BACKGROUND

_THREADS = 2


@dataclass(frozen=True)
class SemanticInputs:
    """The counted ``models``, and what was left out.

    ``pairs`` are the files and ``labels`` the remapped labels of each training, by its path.
    """

    models: SemanticModels
    pairs: Mapping[Path, Sequence[LabelMapFiles]]
    labels: Mapping[Path, LabelRemapper]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]


def read_semantic_inputs(
    truth: Path, entrants: Sequence[Entrant], paths: Mapping[Path, Path], reporter: Reporter
) -> SemanticInputs:
    """Count the label maps of all ``entrants``; ``paths`` are their folders by the path of each training.

    True pixels of classes that some model does not have do not count for any.

    Raises ``DataError`` when an image has no prediction or no class is shared, and ``UsageError`` when the labels of a
    folder have no names.
    """
    given = {path: _names(folder) for path, folder in paths.items()}
    known = folder_labels(truth, next(iter(paths.values()))).names
    left_out = [name for name in known if any(found is not None and name not in found for found in given.values())]
    if not set(known) - {*left_out, BACKGROUND} and set(known) != {BACKGROUND}:
        raise DataError(
            f"The models share no class of {truth}, which has {some_of(known)}; expected one at least. Compare models "
            "of the same classes."
        )
    remarks = []
    if left_out:
        remarks.append(f"Not compared, because a model does not know them: {some_of(left_out, 8)}.")
    pairs, counts = {}, []
    labels: dict[Path, LabelRemapper] = {}
    for entrant in entrants:
        counts.append([])
        for path in entrant.paths:
            labels[path] = folder_labels(truth, paths[path], ignore=left_out)
            pairs[path], without_truth = label_map_pairs(truth, paths[path])
            if without_truth:
                some = some_of(without_truth)
                remarks.append(
                    f"{paths[path]}: {len(without_truth)} label maps have no truth and are not used ({some})."
                )
            with ThreadPoolExecutor(_THREADS) as pool:
                found = pool.map(_counter(labels[path]), pairs[path])
                counted = list(reporter.track(found, f"reading {entrant.name}", len(pairs[path])))
            counts[-1].append(np.stack(counted))
    names = next(iter(labels.values())).names
    return SemanticInputs(SemanticModels(names, counts), pairs, labels, tuple(left_out), tuple(remarks))


def _names(folder: Path) -> list[str] | None:
    """Return the names of the labels of the maps in ``folder``, None where they are the truth's."""
    file = classes_file(folder)
    return None if file is None else read_label_names(file).names


def _counter(labels: LabelRemapper) -> Callable[[LabelMapFiles], np.ndarray]:
    def count(pair: LabelMapFiles) -> np.ndarray:
        true, predicted = read_label_map(pair.truth), read_label_map(pair.prediction)
        maps = LabelMapPair(true, predicted, pair.truth, pair.prediction)
        return class_pixels(*count_label_maps(maps, labels, boundary=False))

    return count
