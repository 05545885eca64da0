"""COCO scores by a protocol that may differ from the official one: what is scored, and by which rules."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hotcoco import COCO, COCOeval

from maskwright.evaluation.coco.evaluator import CocoNumbers, accumulate, occurring_categories, without_text
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.structures import (
    AreaRule,
    ImageRecord,
    ResultRecord,
    TruthRecord,
    as_json,
    with_masks,
    without_boxes,
)

OFFICIAL_LIMITS = (1, 10, 100)
# Detections of an image by the change that takes most, and the records and pairs that take as long as a class.
_MOST_DETECTIONS, _RECORDS_OF_A_CLASS, _PAIRS_OF_A_CLASS = 1000, 20, 1000


@dataclass(frozen=True)
class Protocol:
    """The records that are scored, and the rules: those of COCO but for what a change altered.

    ``area`` is where the size of a detected mask comes from. ``limits`` are the numbers of detections of a class on an
    image, of which AP takes the last. With ``class_agnostic`` classes are not told apart. With ``absent_as_zero`` a
    class without an object has AP 0 in the mean. ``file_ids`` are the ids of the annotations in their file.
    """

    images: Sequence[ImageRecord]
    annotations: Sequence[TruthRecord]
    results: Sequence[ResultRecord]
    names: Mapping[int, str]
    file_ids: Sequence[int]
    area: AreaRule
    limits: tuple[int, ...] = OFFICIAL_LIMITS
    class_agnostic: bool = False
    absent_as_zero: bool = False

    @classmethod
    def official(cls, truth: CocoTruth, results: Results, area: AreaRule | None) -> "Protocol":
        """Return COCO's protocol for ``results``; ``area`` as in ``score instance``."""
        return cls(
            truth.images,
            truth.annotations,
            results.with_boxes(),
            truth.names,
            truth.file_ids,
            area or results.area_rule,
        )

    def cost(self) -> int:
        """Return how many scores of classes with few objects take as long as one of all classes.

        Of the image with most, 20 objects or results take as long as a class, and so do a thousand pairs of them.
        """
        occurring = {each["category_id"] for each in (*self.annotations, *self.results)}
        objects = Counter(each["image_id"] for each in self.annotations)
        found = Counter(each["image_id"] for each in self.results)
        records = max((objects + found).values(), default=0)
        pairs = max((min(found[image], _MOST_DETECTIONS) * count for image, count in objects.items()), default=0)
        return len(occurring) + records // _RECORDS_OF_A_CLASS + pairs // _PAIRS_OF_A_CLASS

    def scores(self, kind: str) -> dict[str, float | None]:
        """Compute the 12 COCO statistics for the IoU type ``kind``, ``segm`` or ``bbox``."""
        annotations, results = list(self.annotations), list(self.results)
        if kind == "segm":
            annotations, results = with_masks(annotations), with_masks(results)
            results = without_boxes(results) if self.area == "mask" else results
        categories = [{"id": category_id, "name": name} for category_id, name in self.names.items()]
        numbered = [{**each, "id": number} for number, each in enumerate(as_json(annotations), start=1)]
        seen = {each["category_id"] for each in (*annotations, *results)}
        categories = [*occurring_categories(categories, seen)]
        document = {"images": as_json(self.images), "annotations": numbered, "categories": categories}
        coco = COCO(document)
        evaluation = COCOeval(coco, coco.load_res(without_text(results)), kind)
        evaluation.params.max_dets = list(self.limits)
        evaluation.params.use_cats = not self.class_agnostic
        evaluation.evaluate()
        found = accumulate(evaluation)
        return self._with_absent_classes(found) if self.absent_as_zero else found.statistics

    def _with_absent_classes(self, found: CocoNumbers) -> dict[str, float | None]:
        """Return the statistics with AP and AP50 as means over all classes, 0 where a class has no object."""
        by_class = found.classes
        ap = [by_class.get(category, (None, None))[0] or 0.0 for category in self.names]
        ap50 = [by_class.get(category, (None, None))[1] or 0.0 for category in self.names]
        return {**found.statistics, "AP": sum(ap) / len(ap), "AP50": sum(ap50) / len(ap50)}
