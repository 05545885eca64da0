"""COCO scores accumulated image by image: each image is matched at once, and only scores and matches are kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hotcoco import StreamingEval

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.estimates import coco_intervals
from maskwright.evaluation.coco.evaluator import (
    IOU_TYPES,
    CocoNumbers,
    accumulate,
    categories_of,
    ground_truth,
    objects_by_category,
    occurring_categories,
    summarise,
    without_text,
)
from maskwright.evaluation.coco.matcher import Overlaps, image_cells, overlap_records
from maskwright.structures import ClassTable, ResultRecord, with_masks, without_boxes


class CocoStream:
    """An accumulator of COCO scores: :meth:`add` each image with its results, then call :meth:`scores` once.

    The scores equal those of one evaluation of all images to the last bit, whatever the order of the images. The size
    of a detected mask is its own area, see :func:`maskwright.structures.without_boxes`. An image with 100 detections
    takes about 4 KB, however large its masks are.
    """

    def __init__(self, table: ClassTable, resampling: Resampling | None = None) -> None:
        """Start without images; category ids are the indices of ``table``.

        ``resampling`` adds ``intervals`` to the scores, see
        :func:`maskwright.evaluation.coco.estimates.coco_intervals`.
        """
        self._table = table
        self._matched = {kind: StreamingEval(categories_of(table), kind) for kind in IOU_TYPES}
        self._objects: Counter[int] = Counter()
        self._seen: set[int] = set()
        self._resampling = resampling
        self._images: list[int] = []
        self._overlaps: dict[str, list[Overlaps]] = {kind: [] for kind in IOU_TYPES}

    @classmethod
    def merged(cls, streams: Iterable["CocoStream"]) -> "CocoStream":
        """Return an accumulator of the images of all ``streams``, which have the same classes and stay unchanged."""
        streams = list(streams)
        whole = cls(streams[0]._table, streams[0]._resampling)
        for kind in IOU_TYPES:
            whole._matched[kind] = StreamingEval.merge(stream._matched[kind] for stream in streams)
            whole._overlaps[kind] = [each for stream in streams for each in stream._overlaps[kind]]
        whole._images = [image for stream in streams for image in stream._images]
        whole._seen = {category for stream in streams for category in stream._seen}
        whole._objects = sum((stream._objects for stream in streams), start=Counter())
        return whole

    def add(self, objects: ImageObjects, results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with its ``objects``; equal scores are ranked in the order given."""
        self.add_truth(ground_truth([objects], self._table), results)

    def add_truth(self, truth: Mapping[str, Any], results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with ``truth``, its objects in the form of :func:`ground_truth`."""
        objects = truth["annotations"]
        scored = {"bbox": (objects, results), "segm": (with_masks(objects), without_boxes(results))}
        for kind, (true, found) in scored.items():
            self._matched[kind].update(truth["images"], true, without_text(found))
            if self._resampling is not None:
                self._overlaps[kind] += image_cells(true, found, kind)
        self._images += [image["id"] for image in truth["images"]]
        self._objects.update(objects_by_category(truth["annotations"]))
        self._seen.update(each["category_id"] for each in (*objects, *results))

    def scores(self) -> dict[str, Any]:
        """Return the scores of all images in the form of :func:`maskwright.evaluation.coco.evaluator.summarise`."""
        occurring = [each["id"] for each in occurring_categories(categories_of(self._table), self._seen)]
        evaluations = ((kind, self._evaluated(kind, occurring)) for kind in IOU_TYPES)
        scores = summarise(evaluations, categories_of(self._table), self._objects)
        if self._resampling is not None:
            names = {each.index: each.name for each in self._table}
            records = (
                (kind, overlap_records(each, occurring, sorted(self._images))) for kind, each in self._overlaps.items()
            )
            scores["intervals"] = coco_intervals(records, len(self._images), names, self._resampling)
        return scores

    def _evaluated(self, kind: str, categories: list[int]) -> CocoNumbers:
        """Return the numbers of the IoU type ``kind`` over the given ``categories``."""
        evaluation = self._matched[kind].finalize()
        evaluation.params.cat_ids = categories
        return accumulate(evaluation)
