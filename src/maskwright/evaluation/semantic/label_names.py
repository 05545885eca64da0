"""The class names of the labels in label maps, and the remapping of predictions that number the classes differently."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.control_characters import unquote_name
from maskwright.errors import DataError, UsageError, require_file, unknown_name
from maskwright.evaluation.results.classes import read_class_table
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import BACKGROUND, ClassTable, LabelMap, normalise_name

# No label of an 8- or 16-bit file.
_UNKNOWN = -1


@dataclass(frozen=True)
class LabelNames:
    """The class name of each label 0, 1, …, and the label of pixels that do not count."""

    names: list[str]
    ignore_index: int

    @property
    def labels(self) -> dict[str, int]:
        """The label of each name."""
        return {name: label for label, name in enumerate(self.names)}


def read_label_names(path: Path, ignore_index: int | None = None) -> LabelNames:
    """Read the label names in ``path``: a ``classes.json``, where background is label 0, or a text file.

    A text file has one name per line, from label 0 on, in quotes where
    :func:`~maskwright.control_characters.quote_name` puts them. Unless given, ``ignore_index`` is 255, or 65535 when
    there are more than 255 labels.

    Raises ``UsageError`` when there is no such file. Raises ``DataError`` when names repeat, when there is no name, and
    when the indices of a class table are not 1..K.
    """
    require_file(path, "class names")
    if path.suffix.lower() == ".json":
        return label_names(path, read_class_table(path), ignore_index)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    names = [unquote_name(line.strip()) for line in lines if line.strip()]
    return label_names(path, names, ignore_index)


def label_names(source: Path | str, classes: ClassTable | Sequence[str], ignore_index: int | None = None) -> LabelNames:
    """Return the label names of a class table, where background is label 0, or of ``classes`` named from label 0 on.

    ``source`` names them in messages. Unless given, ``ignore_index`` is 255, or 65535 when there are more than 255
    labels. Raises ``DataError`` as :func:`read_label_names` does.
    """
    if isinstance(classes, ClassTable):
        if [c.index for c in classes] != list(range(1, len(classes) + 1)):
            found = [c.index for c in classes][:10]
            raise DataError(f"{source}: has the indices {found}; expected 1, 2, 3, … in order.")
        names = [BACKGROUND, *(normalise_name(c.name) for c in classes)]
    else:
        names = [normalise_name(name) for name in classes]
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated or not names:
        found = f"the names {', '.join(repeated)} repeat" if repeated else "it names no class"
        raise DataError(f"{source}: {found}; expected each class once, label 0 first. Correct the names.")
    return LabelNames(names, ignore_index if ignore_index is not None else 255 if len(names) <= 255 else 65535)


class LabelRemapper:
    """A remapper of the labels of truth and predictions to one numbering.

    In it 0..n-1 are the scored classes of the truth, ``names``, and n stands for every other class. ``ignore_index`` is
    the label of pixels that do not count. ``foreign`` are the classes of the predictions that the truth does not have.
    """

    def __init__(self, truth: LabelNames, prediction: LabelNames | None = None, ignore: Sequence[str] = ()) -> None:
        """Build the look-up tables; ``prediction`` is None when predictions number the classes as the truth does.

        True pixels of the classes ``ignore`` do not count. Raises ``UsageError`` for an unknown name among them and
        when no class remains. Raises ``DataError`` when truth and predictions share no class but background, and for
        more classes than the limit ``confused-labels``.
        """
        ignored = {normalise_name(name) for name in ignore}
        for name in ignored - set(truth.names):
            raise unknown_name("class", name, truth.names)
        self.names = [name for name in truth.names if name not in ignored]
        if not self.names:
            raise UsageError("Every class is ignored; expected one to score.")
        self.classes = len(self.names)
        if self.classes > input_limit("confused-labels"):
            raise DataError(
                f"The truth has {self.classes:,} classes; {beyond_limit('confused-labels')}; or ignore some of them."
            )
        # The labels are the classes and one more, for none of them.
        self.dtype: type[np.uint8] | type[np.uint16] = np.uint8 if self.classes < 255 else np.uint16
        self.ignore_index = int(np.iinfo(self.dtype).max)
        self._truth_names, self._prediction_names = truth, prediction or truth
        known = set(truth.names)
        self.foreign = [name for name in self._prediction_names.names if name not in known]
        shared = set(self._prediction_names.names) - set(self.foreign) - {BACKGROUND}
        if not shared and set(self.names) != {BACKGROUND}:
            raise DataError(
                f"The predictions have the classes {', '.join(self.foreign[:5])}, the truth "
                f"{', '.join(self.names[:5])}; expected the same names. Classes are matched by name."
            )
        position = {name: label for label, name in enumerate(self.names)}
        self._truth = _table(truth, [position.get(name, self.ignore_index) for name in truth.names], self.ignore_index)
        predicted = [position.get(name, self.classes) for name in self._prediction_names.names]
        # A predicted pixel of the ignored label is a miss, not an exemption.
        self._prediction = _table(self._prediction_names, predicted, self.classes)

    def truth(self, labels: LabelMap, path: Path | str) -> LabelMap:
        """Return the true ``labels`` ``(H, W)`` remapped.

        Raises ``DataError``, which names ``path``, for a label without a name.
        """
        return self._translated(labels, self._truth, path, self._truth_names)

    def prediction(self, labels: LabelMap, path: Path | str) -> LabelMap:
        """Return the predicted ``labels`` ``(H, W)`` remapped.

        Raises ``DataError``, which names ``path``, for a label without a name.
        """
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
    """Return the look-up table ``(65536,)`` of the new label of each 16-bit label."""
    table = np.full(2**16, _UNKNOWN, np.int32)
    table[: len(targets)] = targets
    table[names.ignore_index] = ignored
    return table
