"""Matching of the label maps in two folders, truth and predictions, by file name."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from maskwright.errors import DataError, UsageError, nearest, require_folder, some_of
from maskwright.evaluation.results.classes import CLASSES_FILE
from maskwright.evaluation.semantic.label_names import LabelRemapper, read_label_names

# The folder in which `predict` writes label maps; classes.json is in the folder above.
PREDICTED = "label_maps"


class LabelMapFiles(NamedTuple):
    """The label map files of one image; ``name`` is the path below the folder without suffix."""

    name: str
    truth: Path
    prediction: Path


def label_map_pairs(truth: Path, prediction: Path) -> tuple[list[LabelMapFiles], list[str]]:
    """Return the pairs of label maps of two folders, sorted by name, and the names of predictions without truth.

    Raises ``UsageError`` for a folder that is missing or has no PNG. Raises ``DataError`` that names the truth without
    a prediction, because scores over the rest would be too high.
    """
    true, predicted = label_maps(truth, "truth"), label_maps(prediction, "predictions")
    missing = sorted(true.keys() - predicted.keys())
    if missing:
        close = nearest(missing[0], predicted, count=1)
        hint = f" Nearest to '{missing[0]}': {close[0]}." if close else ""
        raise DataError(
            f"{prediction}: has no label map for {len(missing)} of {len(true)} in {truth} ({some_of(missing)}); "
            f"expected a PNG of the same name for each. Predict them too, or remove them from the truth.{hint}"
        )
    pairs = [LabelMapFiles(name, true[name], predicted[name]) for name in sorted(true)]
    return pairs, sorted(predicted.keys() - true.keys())


def label_maps(folder: Path, kind: str) -> dict[str, Path]:
    """Return the PNG files of ``folder`` by name without suffix.

    A subfolder ``label_maps`` is taken instead of ``folder`` where there is one. Files in deeper subfolders are taken
    when the folder has no PNG itself. ``kind`` names the folder in messages. Raises ``UsageError`` when the folder is
    missing or has no PNG.
    """
    root = require_folder(folder, kind)
    if (root / PREDICTED).is_dir():
        root = root / PREDICTED
    paths = _pngs(root, "*") or _pngs(root, "**/*")
    if not paths:
        raise UsageError(f"{folder}: holds no PNG file; expected label maps, one channel whose value is the label.")
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in paths}


def classes_file(folder: Path) -> Path | None:
    """Return the ``classes.json`` of a folder of label maps, in it or in the folder above ``label_maps``, or None."""
    for place in (folder, folder.parent) if folder.name == PREDICTED else (folder,):
        if (place / CLASSES_FILE).is_file():
            return place / CLASSES_FILE
    return None


def folder_labels(
    truth: Path,
    predictions: Path,
    classes: Path | None = None,
    ignore: Sequence[str] = (),
    ignore_index: int | None = None,
) -> LabelRemapper:
    """Return the labels of two folders: those in the file ``classes``, or in the ``classes.json`` of each folder.

    One ``classes.json`` is enough. True pixels of the classes ``ignore`` and of ``ignore_index`` do not count. Raises
    ``UsageError`` where labels have no names.
    """
    if classes is not None:
        return LabelRemapper(read_label_names(classes, ignore_index), None, ignore)
    of_truth, of_predictions = classes_file(truth), classes_file(predictions)
    if of_truth is None and of_predictions is None:
        raise UsageError(
            f"Neither {truth} nor {predictions} holds classes.json; expected the names of the labels. Give them with "
            "--classes FILE, a text file with a name a line, label 0 first."
        )
    named = read_label_names(of_truth or of_predictions or truth, ignore_index)
    return LabelRemapper(named, read_label_names(of_predictions, ignore_index) if of_predictions else None, ignore)


def _pngs(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if path.suffix.lower() == ".png" and path.is_file())
