"""COCO scores gathered image by image: each is matched at once, and of it scores and verdicts stay, but no mask."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hotcoco import StreamingEval

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.coco.evaluator import (
    IOU_TYPES,
    accumulate,
    categories_of,
    ground_truth,
    objects_by_category,
    summarise,
    without_text,
)
from maskwright.structures import ClassTable, ResultRecord


class CocoStream:
    """Gathers images: ``add`` each with what was found on it, then ask for the ``scores``, once.

    They are those of one evaluation of all images together, to the last bit, whatever the order of the images.
    An image with 100 detections leaves about 4 KB, however large its masks are.
    """

    def __init__(self, table: ClassTable) -> None:
        """No image yet; category ids are the indices of ``table``."""
        self._table = table
        self._matched = {kind: StreamingEval(categories_of(table), kind) for kind in IOU_TYPES}
        self._objects: Counter[int] = Counter()

    @classmethod
    def merged(cls, streams: Iterable["CocoStream"]) -> "CocoStream":
        """The images of all ``streams``, which are of the same classes; they stay as they are."""
        streams = list(streams)
        whole = cls(streams[0]._table)
        for kind in IOU_TYPES:
            whole._matched[kind] = StreamingEval.merge(stream._matched[kind] for stream in streams)
        whole._objects = sum((stream._objects for stream in streams), start=Counter())
        return whole

    def add(self, objects: ImageObjects, results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with its ``objects``; equal scores are ranked as they come."""
        self.add_truth(ground_truth([objects], self._table), results)

    def add_truth(self, truth: Mapping[str, Any], results: Sequence[ResultRecord]) -> None:
        """As :meth:`add`, with the objects as the COCO data set that ``ground_truth`` makes of them."""
        found = without_text(results)
        for matched in self._matched.values():
            matched.update(truth["images"], truth["annotations"], found)
        self._objects += objects_by_category(truth["annotations"])

    def scores(self) -> dict[str, Any]:
        """What :func:`maskwright.evaluation.coco.evaluator.summarise` returns."""
        evaluations = ((kind, accumulate(matched.finalize())) for kind, matched in self._matched.items())
        return summarise(evaluations, categories_of(self._table), self._objects)
