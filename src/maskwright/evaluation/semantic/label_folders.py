"""Two folders of label maps: which prediction belongs to which truth, by file name."""

from pathlib import Path
from typing import NamedTuple

from maskwright.errors import DataError, UsageError, nearest, require_folder, some_of
from maskwright.evaluation.results.classes import CLASSES_FILE

# Where `predict` puts label maps, with classes.json in the folder above.
PREDICTED = "label_maps"


class LabelMapFiles(NamedTuple):
    """The label maps of one image; ``name`` is the file's, below its folder and without suffix."""

    name: str
    truth: Path
    prediction: Path


def label_map_pairs(truth: Path, prediction: Path) -> tuple[list[LabelMapFiles], list[str]]:
    """The pairs of two folders in the order of their names, and the names of predictions without a truth.

    Raises ``UsageError`` for a folder that is missing or has no PNG, ``DataError`` that names the truth without a
    prediction: scores over the rest would be better than the predictions are.
    """
    true, predicted = label_maps(truth, "truth"), label_maps(prediction, "predictions")
    missing = sorted(true.keys() - predicted.keys())
    if missing:
        close = nearest(missing[0], predicted, count=1)
        hint = f" Nearest to '{missing[0]}': {close[0]}." if close else ""
        raise DataError(
            f"{prediction}: has no label map for {len(missing)} of {len(true)} in {truth} ({some_of(missing)}); "
            f"expected a PNG of the same name for each. Predict them too, or leave them out of the truth.{hint}"
        )
    pairs = [LabelMapFiles(name, true[name], predicted[name]) for name in sorted(true)]
    return pairs, sorted(predicted.keys() - true.keys())


def label_maps(folder: Path, kind: str) -> dict[str, Path]:
    """The PNG files of ``folder`` by name without suffix; of its subfolders too when it has none itself."""
    root = require_folder(folder, kind)
    if (root / PREDICTED).is_dir():
        root = root / PREDICTED
    paths = _pngs(root, "*") or _pngs(root, "**/*")
    if not paths:
        raise UsageError(f"{folder}: holds no PNG file; expected label maps, one channel whose value is the label.")
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in paths}


def classes_file(folder: Path) -> Path | None:
    """The ``classes.json`` of a folder of label maps, which lies in it or above ``label_maps``."""
    for place in (folder, folder.parent) if folder.name == PREDICTED else (folder,):
        if (place / CLASSES_FILE).is_file():
            return place / CLASSES_FILE
    return None


def _pngs(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if path.suffix.lower() == ".png" and path.is_file())
