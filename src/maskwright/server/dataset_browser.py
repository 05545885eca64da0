"""The data set beside the model: its images with truth and prediction, by class, score, error and confusion."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.coco_dataset.sample import Sample
from maskwright.errors import UsageError
from maskwright.evaluation.instances.confusion import image_confusion
from maskwright.evaluation.instances.image_errors import NO_ERROR, image_errors
from maskwright.server.inference_queue import InferenceQueue
from maskwright.server.refusal import Refusal
from maskwright.structures import ClassTable, Instances, LabelMap

# The names of TIDE, in the order of its constants, and objects that nothing found.
ERRORS = ("class", "place", "class and place", "duplicate", "background", "missed")
_IOU, _BACKGROUND = 0.5, 0.1
_SURE = 0.5  # the score from which a detection counts in the confusion matrix and as an error


@dataclass(frozen=True)
class ImageComparison:
    """What one image's prediction is beside its truth.

    ``found`` has the highest score by label of the prediction (1 for a class of a label map). ``errors`` are counts by
    name of ``ERRORS``. ``confusion`` ``(K + 1, K + 1)`` counts objects, or pixels of a semantic model; rows are true
    classes, columns predicted ones, the last ones nothing or background.
    """

    found: dict[int, float]
    errors: Counter[str]
    confusion: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ImageFilter:
    """Which images are listed; a field that is None says nothing.

    ``label`` is a class that the image has in its truth, or, with a ``score``, that the model finds with at least this
    score. ``error`` is a name of ``ERRORS``. ``cell`` is a true and a predicted class of the confusion matrix, where
    ``K + 1`` is nothing. All but a ``label`` alone keep only images that are predicted already.
    """

    label: int | None = None
    score: float | None = None
    error: str | None = None
    cell: tuple[int, int] | None = None


@dataclass
class DatasetBrowser:
    """The images of ``data`` for the page, predicted by the model behind ``queue`` while nobody else asks.

    The classes are those of the model, then those of the data set that the model lacks; truth has their labels.
    """

    data: CocoDataset
    queue: InferenceQueue
    table: ClassTable = field(init=False)
    failed: dict[int, str] = field(default_factory=dict, init=False)
    _predicted: dict[int, Instances | LabelMap] = field(default_factory=dict, init=False)
    _compared: dict[int, ImageComparison] = field(default_factory=dict, init=False)
    _ended: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not len(self.data):
            raise UsageError(f"{self.data.coco.path}: has no image that can be shown; expected at least one.")
        own = self.queue.model.classes.names
        self.table = ClassTable.from_names([*own, *(name for name in self.data.classes.names if name not in own)])

    def start(self) -> None:
        """Begin to predict all images, in the order of the file."""
        self._thread = threading.Thread(target=self._predict_all, name="data set", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the predictions; called after the queue is closed."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def compared(self) -> int:
        """The number of images that are predicted and compared with their truth."""
        return len(self._compared)

    def sample(self, position: int) -> Sample:
        """Return the image at ``position``; raise ``Refusal`` 404 where there is none."""
        if not 0 <= position < len(self.data):
            raise Refusal(404, f"the data set has no image {position}; expected 0 to {len(self.data) - 1}.")
        return self.data[position]

    def truth(self, position: int) -> Instances | LabelMap:
        """Return the annotated objects of an image, or a semantic model's label map, in the labels of ``table``."""
        sample = self.sample(position)
        labels = np.array([0, *(self.table.index_of(name) for name in self.data.classes.names)])
        if self.queue.model.task == "semantic":
            drawn, ignored = sample.label_map(), self.data.classes.ignore_index
            mapped = labels[np.where(drawn == ignored, 0, drawn)]
            mapped[drawn == ignored] = self.table.ignore_index
            return mapped.astype(self.table.label_dtype)
        found = sample.instances
        boxes, scores = found.boxes, found.scores
        return Instances(found.size, boxes, labels[found.labels], found.masks, scores, found.crowd, self.table)

    def prediction(self, position: int, deadline: float) -> Any:
        """Return the prediction of an image where it is known, else the future of it.

        Raises ``Refusal`` as :meth:`InferenceQueue.submit`.
        """
        sample = self.sample(position)
        if position in self._predicted:
            return self._predicted[position]
        return self.queue.submit(lambda: sample.image, deadline)

    def images(self, wanted: ImageFilter) -> list[int]:
        """Return the positions of the images that ``wanted`` describes, in file order.

        With a cell of the confusion matrix or an error, those with most of it come first.
        """
        found = [position for position in range(len(self.data)) if self._fits(position, wanted)]
        if wanted.cell is not None:
            row, column = wanted.cell[0] - 1, wanted.cell[1] - 1
            found.sort(key=lambda position: -int(self._compared[position].confusion[row, column]))
        elif wanted.error is not None:
            found.sort(key=lambda position: -self._compared[position].errors[str(wanted.error)])
        return found

    def confusion(self) -> np.ndarray:
        """Return the confusion matrix ``(K + 1, K + 1)`` int64 of all images that are compared."""
        size = len(self.table) + 1
        return sum((each.confusion for each in list(self._compared.values())), np.zeros((size, size), np.int64))

    def errors(self) -> Counter[str]:
        """Return how often each error occurs in all images that are compared."""
        return sum((each.errors for each in list(self._compared.values())), Counter())

    def labels_of(self, position: int) -> dict[int, int]:
        """Return how many annotated objects of each label of ``table`` an image has."""
        names = {category.id: category.name for category in self.data.coco.categories}
        rows = self.data[position].annotations
        return dict(sorted(Counter(self.table.index_of(names[row.category_id]) for row in rows).items()))

    def _fits(self, position: int, wanted: ImageFilter) -> bool:
        compared = self._compared.get(position)
        if wanted.label is not None and wanted.score is None and wanted.label not in self.labels_of(position):
            return False
        if wanted.score is None and wanted.error is None and wanted.cell is None:
            return True
        if compared is None:
            return False
        if wanted.score is not None:
            scores = compared.found if wanted.label is None else {wanted.label: compared.found.get(wanted.label, -1.0)}
            if not any(score >= wanted.score for score in scores.values()):
                return False
        if wanted.error is not None and not compared.errors[wanted.error]:
            return False
        return wanted.cell is None or bool(compared.confusion[wanted.cell[0] - 1, wanted.cell[1] - 1])

    def _predict_all(self) -> None:
        for position, found in self._predictions():
            try:
                self._compared[position] = compare_image(self.truth(position), found, self.table)
            except Exception as error:  # of one image, which the page names
                self.failed[position] = str(error)
            else:
                self._predicted[position] = found

    def _predictions(self) -> Iterator[tuple[int, Any]]:
        for position in range(len(self.data)):
            sample = self.data[position]
            if self._ended.is_set():
                return
            try:
                yield position, self.queue.submit(_reader(sample), math.inf, unhurried=True).result()
            except (Refusal, CancelledError) as error:
                if self._ended.is_set() or self.queue.closed:
                    return
                self.failed[position] = str(error)


def _reader(sample: Sample) -> Callable[[], Any]:
    return lambda: sample.image


def compare_image(truth: Instances | LabelMap, found: Instances | LabelMap, table: ClassTable) -> ImageComparison:
    """Return the comparison of an image's prediction with its truth, both in the labels of ``table``.

    Objects are matched at IoU 0.5; detections with a score below 0.5 are no errors.
    """
    size = len(table) + 1
    if not isinstance(truth, Instances) or not isinstance(found, Instances):
        return _compare_pixels(np.asarray(truth), np.asarray(found), table)
    sure = found[found.scores >= _SURE].to_coco(0)
    objects = truth.to_coco(0, first_id=1)
    kinds = image_errors(objects, sure, "segm", _IOU, _BACKGROUND)
    errors = Counter(ERRORS[kind] for kind in kinds.kind.tolist() if kind != NO_ERROR)
    errors["missed"] = int((~kinds.found).sum())
    confusion = np.zeros((size, size), np.int64)
    for pair, count in image_confusion(objects, sure, {c.index: c.index - 1 for c in table}, "segm", _IOU).items():
        confusion[pair] = count
    highest: dict[int, float] = {}
    for label, score in zip(found.labels.tolist(), found.scores.tolist(), strict=True):
        highest[label] = max(score, highest.get(label, 0.0))
    return ImageComparison(highest, +errors, confusion)


def _compare_pixels(truth: np.ndarray, found: np.ndarray, table: ClassTable) -> ImageComparison:
    size = len(table) + 1
    seen = truth != table.ignore_index
    # Background, 0 in label maps, is the last row and column.
    pairs = ((truth[seen].astype(np.int64) - 1) % size) * size + (found[seen].astype(np.int64) - 1) % size
    confusion = np.bincount(pairs, minlength=size * size).reshape(size, size)
    return ImageComparison({int(label): 1.0 for label in np.unique(found) if label}, Counter(), confusion)
