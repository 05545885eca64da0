"""COCO scores accumulated image by image: each image is matched at once, and only scores and matches are kept."""

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
from maskwright.structures import ClassTable, ResultRecord, with_masks, without_boxes


class CocoStream:
    """An accumulator of COCO scores: :meth:`add` each image with its results, then call :meth:`scores` once.

    The scores equal those of one evaluation of all images to the last bit, whatever the order of the images. The size
    of a detected mask is its own area, see :func:`maskwright.structures.without_boxes`. An image with 100 detections
    takes about 4 KB, however large its masks are.
    """

    def __init__(self, table: ClassTable) -> None:
        """Start without images; category ids are the indices of ``table``."""
        self._table = table
        self._matched = {kind: StreamingEval(categories_of(table), kind) for kind in IOU_TYPES}
        self._objects: Counter[int] = Counter()

    @classmethod
    def merged(cls, streams: Iterable["CocoStream"]) -> "CocoStream":
        """Return an accumulator of the images of all ``streams``, which have the same classes and stay unchanged."""
        streams = list(streams)
        whole = cls(streams[0]._table)
        for kind in IOU_TYPES:
            whole._matched[kind] = StreamingEval.merge(stream._matched[kind] for stream in streams)
        whole._objects = sum((stream._objects for stream in streams), start=Counter())
        return whole

    def add(self, objects: ImageObjects, results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with its ``objects``; equal scores are ranked in the order given."""
        self.add_truth(ground_truth([objects], self._table), results)

    def add_truth(self, truth: Mapping[str, Any], results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with ``truth``, its objects in the form of :func:`ground_truth`."""
        objects = truth["annotations"]
        self._matched["bbox"].update(truth["images"], objects, without_text(results))
        self._matched["segm"].update(truth["images"], with_masks(objects), without_text(without_boxes(results)))
        self._objects += objects_by_category(truth["annotations"])

    def scores(self) -> dict[str, Any]:
        """Return the scores of all images in the form of :func:`maskwright.evaluation.coco.evaluator.summarise`."""
        evaluations = ((kind, accumulate(matched.finalize())) for kind, matched in self._matched.items())
        return summarise(evaluations, categories_of(self._table), self._objects)
