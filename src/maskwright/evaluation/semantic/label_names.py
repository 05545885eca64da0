"""What the labels of label maps mean, in the truth and in predictions that may number the classes differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError, UsageError, require_file, unknown_name
from maskwright.evaluation.results.classes import read_class_table
from maskwright.structures import BACKGROUND, ClassTable, LabelMap, normalise_name

# No label of an 8- or 16-bit file.
_UNKNOWN = -1


@dataclass(frozen=True)
class LabelNames:
    """The name of each label 0, 1, … and the label of pixels that do not count."""

    names: list[str]
    ignore_index: int

    @property
    def labels(self) -> dict[str, int]:
        """The label of each name."""
        return {name: label for label, name in enumerate(self.names)}


def read_label_names(path: Path, ignore_index: int | None = None) -> LabelNames:
    """The labels in ``path``: a ``classes.json`` (background is label 0), or a text file, a name a line from label 0.

    Unless given, the ignored label is 255, or 65535 where there are more than 255 labels.

    Raises ``UsageError`` when there is no such file, ``DataError`` for names that repeat and labels that are not 1..K.
    """
    require_file(path, "class names")
    if path.suffix.lower() == ".json":
        return label_names(path, read_class_table(path), ignore_index)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return label_names(path, [line for line in lines if line.strip()], ignore_index)


def label_names(source: Path | str, classes: ClassTable | Sequence[str], ignore_index: int | None = None) -> LabelNames:
    """Return the labels of a class table (background is label 0), or of names from label 0 on.

    ``source`` names them in messages. See :func:`read_label_names`.
    """
    if isinstance(classes, ClassTable):
        if [c.index for c in classes] != list(range(1, len(classes) + 1)):
            found = [c.index for c in classes][:10]
            raise DataError(f"{source}: has the indices {found}; expected 1, 2, 3, … in order.")
        names = [BACKGROUND, *(normalise_name(c.name) for c in classes)]
    else:
        names = [normalise_name(name) for name in classes]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or not names:
        found = f"the names {', '.join(repeated)} repeat" if repeated else "it names no class"
        raise DataError(f"{source}: {found}; expected each class once, label 0 first. Correct the names.")
    return LabelNames(names, ignore_index if ignore_index is not None else 255 if len(names) <= 255 else 65535)


class LabelRemapper:
    """Translates label maps of truth and predictions into one numbering: 0..n-1 the truth's classes, n none of them.

    ``ignore_index`` is the label of pixels that do not count after the translation.
    """

    def __init__(self, truth: LabelNames, prediction: LabelNames | None = None, ignore: Sequence[str] = ()) -> None:
        """``prediction`` is None where predictions number the classes as the truth does.

        Truth of the classes ``ignore`` does not count either. Raises ``UsageError`` for a name among them that is
        unknown and when no class is left, ``DataError`` when truth and predictions share no class but background.
        """
        ignored = {normalise_name(name) for name in ignore}
        for name in ignored - set(truth.names):
            raise unknown_name("class", name, truth.names)
        self.names = [name for name in truth.names if name not in ignored]
        if not self.names:
            raise UsageError("Every class is ignored; expected one to score.")
        self.classes = len(self.names)
        # One more than the classes for none of them.
        self.dtype: type[np.uint8] | type[np.uint16] = np.uint8 if self.classes < 255 else np.uint16
        self.ignore_index = int(np.iinfo(self.dtype).max)
        self._truth_names, self._prediction_names = truth, prediction or truth
        self.foreign = [name for name in self._prediction_names.names if name not in truth.labels]
        shared = set(self._prediction_names.names) - set(self.foreign) - {BACKGROUND}
        if not shared and set(self.names) != {BACKGROUND}:
            raise DataError(
                f"The predictions have the classes {', '.join(self.foreign[:5])}, the truth "
                f"{', '.join(self.names[:5])}; expected the same names. Classes are matched by name."
            )
        position = {name: label for label, name in enumerate(self.names)}
        self._truth = _table(truth, [position.get(name, self.ignore_index) for name in truth.names], self.ignore_index)
        predicted = [position.get(name, self.classes) for name in self._prediction_names.names]
        # A pixel that a prediction leaves out is one it does not find.
        self._prediction = _table(self._prediction_names, predicted, self.classes)

    def truth(self, labels: LabelMap, path: Path | str) -> LabelMap:
        """The truth ``labels`` ``(H, W)`` of ``path`` translated; ``DataError`` for one that has no name."""
        return self._translated(labels, self._truth, path, self._truth_names)

    def prediction(self, labels: LabelMap, path: Path | str) -> LabelMap:
        """The predicted ``labels`` ``(H, W)`` of ``path`` translated; ``DataError`` for one that has no name."""
        return self._translated(labels, self._prediction, path, self._prediction_names)

    def _translated(
        self, labels: LabelMap, table: npt.NDArray[np.int32], path: Path | str, names: LabelNames
    ) -> LabelMap:
        translated = table[labels]
        if (translated == _UNKNOWN).any():
            found = np.unique(labels[translated == _UNKNOWN]).tolist()
            raise DataError(
                f"{path}: has the label{'s' * (len(found) > 1)} {', '.join(map(str, found[:5]))}; expected 0 to "
                f"{len(names.names) - 1}, or {names.ignore_index} where pixels do not count. Name all labels with "
                "--classes, or write label maps with these classes."
            )
        return translated.astype(self.dtype)


def _table(names: LabelNames, targets: Sequence[int], ignored: int) -> npt.NDArray[np.int32]:
    """What each 16-bit label becomes."""
    table = np.full(2**16, _UNKNOWN, np.int32)
    table[: len(targets)] = targets
    table[names.ignore_index] = ignored
    return table
