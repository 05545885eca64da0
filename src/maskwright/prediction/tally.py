"""A tally of what a prediction finds: objects by class and the highest score, or the images that show each class."""

import math
from typing import Any

import numpy as np

from maskwright.structures import ClassTable, Instances, LabelMap

# Pixels. An index into the classes takes eight bytes a pixel.
_AT_ONCE = 1 << 20


class Tally:
    """A tally of the results of a prediction, image by image, for a summary.

    Args:
        classes: The classes of the results.
        score: The lowest score of an object that is written; None for a semantic model.

    Example:
        >>> import numpy as np
        >>> from maskwright.prediction.tally import Tally
        >>> from maskwright.structures import ClassTable
        >>> tally = Tally(ClassTable.from_names(["cat", "dog"]))
        >>> tally.add_label_map(np.array([[0, 2]], np.uint8))
        >>> tally.lines()
        ['images with a class, of 1: dog 1']
    """

    def __init__(self, classes: ClassTable, score: float | None = None) -> None:
        self.classes = classes
        self.score = score
        self.images = 0
        self.highest: float | None = None
        self._counts = np.zeros(len(classes) + 1, np.int64)

    def add_instances(self, found: Instances, highest: float | None = None) -> None:
        """Count the objects of one image; those under ``score`` count for the highest score alone.

        ``highest`` is a score of the image that is not among those ``found``, or None.
        """
        self.images += 1
        scores = [*found.scores.tolist(), *([] if highest is None else [highest])]
        if scores:
            self.highest = max(self.highest or 0.0, *scores)
        written = found.labels[found.scores >= (self.score or 0.0)]
        self._counts += np.bincount(written, minlength=len(self._counts))

    def add_label_map(self, label_map: LabelMap) -> None:
        """Count the classes that ``label_map`` ``(H, W)`` shows."""
        self.images += 1
        shown = np.zeros(np.iinfo(label_map.dtype).max + 1, np.bool_)
        for rows in np.array_split(label_map, max(1, min(len(label_map), label_map.size // _AT_ONCE))):
            shown[rows] = True
        self._counts += shown[: len(self._counts)]

    @property
    def by_class(self) -> dict[str, int]:
        """The number of objects by class name, of a semantic model that of the images that show the class."""
        return dict(zip(self.classes.names, self._counts[1:].tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return ``objects`` by class and the ``highest_score``, or ``images_with`` each class."""
        if self.score is None:
            return {"images_with": self.by_class}
        return {"objects": self.by_class, "highest_score": self.highest}

    def lines(self) -> list[str]:
        """Return the lines for a terminal, the most frequent class first; without a finding they say what to do."""
        ordered = sorted(self.by_class.items(), key=lambda item: -item[1])
        if self.score is None:
            if self.images and not sum(self.by_class.values()):
                return ["found: background only, in every image. Train longer, or look at other images."]
            shown = ", ".join(f"{name} {count}" for name, count in ordered if count)
            return [f"images with a class, of {self.images}: {shown}"] if self.images else []
        total = sum(self.by_class.values())
        if total:
            by_class = ", ".join(f"{name} {count}" for name, count in ordered if count)
            return [f"objects: {total} ({by_class}); highest score {self.highest:.2f}"]
        if not self.images:
            return []
        if self.highest is None:
            return ["objects: none, at any score. Train longer, or look at other images."]
        lower = math.floor(self.highest * 100) / 100
        return [
            f"objects: none with --score {self.score:g}; the highest score is {self.highest:.4g}. "
            f"See what there is with --score {lower:g}"
        ]
