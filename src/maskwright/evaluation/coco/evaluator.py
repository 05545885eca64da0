"""COCO AP and AR of boxes and masks, computed by hotcoco, whose numbers equal those of pycocotools bit for bit."""

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from hotcoco import COCO, COCOeval

from maskwright.annotations.objects import ImageObjects, true_box
from maskwright.structures import AreaRule, ClassTable, ResultRecord, TruthRecord, as_json

STATISTICS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")

IOU_TYPES = ("bbox", "segm")

PROTOCOL = (
    "COCO evaluation, comparable with published numbers for the same images and classes: AP averaged over IoU "
    "0.50:0.05:0.95, 101 recall points and classes, at most 100 detections an image, crowds ignored"
)


# More classes are accumulated by groups. Arrays of 100 take 10 MB, which the system need not clear each time.
MOST_TOGETHER, GROUP = 400, 100
_AREA_RANGES = {"s": 1, "m": 2, "l": 3}


@dataclass(frozen=True)
class CocoNumbers:
    """The numbers of one evaluation: the 12 ``statistics`` by their names in ``STATISTICS``, and those of ``classes``.

    The latter are AP and AP50 by category id. A number is None where there is no truth to measure against.
    """

    statistics: dict[str, float | None]
    classes: dict[int, tuple[float | None, float | None]]


# How the size of a detected mask is measured: in pixels of the mask, or of its box.
AREA_RULES: tuple[AreaRule, ...] = get_args(AreaRule)


def protocol(area: AreaRule | None) -> str:
    """Return what the COCO scores of a detector mean; ``area`` is the area rule of masks, None where none is scored."""
    return PROTOCOL if area is None else f"{PROTOCOL}; sizes of detected masks by {area} area"


def ground_truth(images: Iterable[ImageObjects], table: ClassTable) -> dict[str, Any]:
    """Return the COCO data set of ``images``; category ids are the class indices of ``table``.

    Annotation ids run from 1, because pycocotools takes a match with annotation id 0 for no match. Boxes are xywh
    pixels, masks RLEs. Boxes and areas are those of the file, or of the mask where it has none. An object without a
    mask has no ``segmentation``. An ignored mask of an image becomes a crowd of every class, so that detections in it
    count neither as right nor as wrong.
    """
    image_records, annotations = [], []
    for objects in images:
        image_records.append({"id": objects.image.id, "height": objects.image.height, "width": objects.image.width})
        for fields in (*_true_objects(objects), *_ignored_regions(objects, table)):
            annotations.append({"id": len(annotations) + 1, "image_id": objects.image.id, **fields})
    return {"images": image_records, "annotations": annotations, "categories": categories_of(table)}


def _true_objects(objects: ImageObjects) -> list[dict[str, Any]]:
    """Return the records of the objects of one image in file order, by which COCO's evaluation breaks ties."""
    placed: list[tuple[float, dict[str, Any]]] = [
        (
            i,
            {
                "category_id": objects.labels[i],
                "segmentation": _text_rle(drawn.rle),
                "bbox": objects.box(i),
                "area": objects.areas[i],
                "iscrowd": int(objects.crowd[i]),
            },
        )
        for i, drawn in enumerate(objects.drawn)
    ]
    placed += [
        (
            each.place - 0.5,
            {"category_id": each.label, "bbox": each.box, "area": each.area, "iscrowd": int(each.crowd)},
        )
        for each in objects.box_only
    ]
    return [record for _, record in sorted(placed, key=itemgetter(0))]


def _ignored_regions(objects: ImageObjects, table: ClassTable) -> Iterator[dict[str, Any]]:
    """Yield a crowd record of each class of ``table`` for each ignored mask."""
    for drawn, box in zip(objects.ignored, objects.ignored_boxes, strict=True):
        for each in table:
            yield {
                "category_id": each.index,
                "segmentation": _text_rle(drawn.rle),
                "bbox": true_box(box, drawn),
                "area": float(drawn.area),
                "iscrowd": 1,
            }


def categories_of(table: ClassTable) -> list[dict[str, Any]]:
    """Return the categories of a COCO data set whose ids are the indices of ``table``."""
    return [{"id": each.index, "name": each.name} for each in table]


def objects_by_category(annotations: Iterable[TruthRecord]) -> Counter[int]:
    """Count the objects of each category id; crowds are not counted."""
    return Counter(each["category_id"] for each in annotations if not each["iscrowd"])


def summarise(
    evaluations: Iterable[tuple[str, CocoNumbers]], categories: Sequence[dict[str, Any]], objects: Mapping[int, int]
) -> dict[str, Any]:
    """Return the 12 COCO statistics of boxes and masks and the AP of each class, from finished ``evaluations``.

    ``evaluations`` are pairs of IoU type and numbers, ``categories`` those of the COCO data set. ``objects`` are
    counts by category id. Returns ``{"bbox": {"AP", …}, "segm": {"AP", …}, "classes": {name: {"bbox", "bbox50", "segm",
    "segm50", "instances"}}}``. A score is None where there is no truth to measure against.
    """
    classes: dict[str, dict[str, Any]] = {
        each["name"]: {"instances": objects.get(each["id"], 0)} for each in categories
    }
    scores: dict[str, Any] = {}
    for kind, evaluation in evaluations:
        scores[kind] = evaluation.statistics
        for category in categories:
            ap, ap50 = evaluation.classes.get(category["id"], (None, None))
            classes[category["name"]] |= {kind: ap, f"{kind}50": ap50}
    return {**scores, "classes": classes}


def run_coco_eval(truth: dict[str, Any], results: Sequence[ResultRecord], iou_type: str) -> CocoNumbers:
    """Run COCO's evaluation of ``results`` for the IoU type ``bbox`` or ``segm`` and return its numbers.

    ``truth`` is a COCO data set. As in pycocotools the area of a detection is that of its box where the first of the
    results has one, else that of its mask.
    """
    seen = {each["category_id"] for each in (*truth["annotations"], *results)}
    coco = COCO({**truth, "categories": occurring_categories(truth["categories"], seen)})
    evaluation = COCOeval(coco, coco.load_res(without_text(results)), iou_type)
    evaluation.evaluate()
    return accumulate(evaluation)


def occurring_categories(categories: Sequence[dict[str, Any]], seen: Container[int]) -> Sequence[dict[str, Any]]:
    """Return the COCO ``categories`` whose id is in ``seen``, the ids of all objects and results; one where none is.

    The others change no score, but each takes half a megabyte of the evaluation.
    """
    return [each for each in categories if each["id"] in seen] or categories[:1]


def accumulate(evaluation: COCOeval) -> CocoNumbers:
    """Compute the numbers of ``evaluation``, whose images are matched.

    Of more than ``MOST_TOGETHER`` classes, which would take half a megabyte each at the same time, the statistics are
    means over groups of them: another order of summation, from which the last bit may differ.
    """
    categories, groups, classes = list(evaluation.params.cat_ids), [], {}
    size = GROUP if len(categories) > MOST_TOGETHER else MOST_TOGETHER
    for start in range(0, max(1, len(categories)), size):
        evaluation.params.cat_ids = categories[start : start + size]
        stats = raw_statistics(evaluation)
        assert evaluation.eval is not None
        precision = evaluation.eval["precision"]  # (IoU thresholds, recall points, classes, area ranges, detections)
        groups.append((stats, _defined_classes(precision)))
        classes |= _class_average_precision(precision, evaluation.params.cat_ids)
    statistics, weights = (np.array(column, np.float64) for column in zip(*groups, strict=True))
    merged = statistics[0] if len(groups) == 1 else _weighted(statistics, weights)
    return CocoNumbers(
        {name: defined_score(float(value)) for name, value in zip(STATISTICS, merged, strict=True)}, classes
    )


def raw_statistics(evaluation: COCOeval) -> list[float]:
    """Return the statistics of ``evaluation``, whose images are matched, in its own order; -1 where undefined."""
    evaluation.accumulate()
    # summarize() and run() print to standard output, which belongs to the caller's --json.
    evaluation.summary_lines()
    return list(evaluation.stats)


def _defined_classes(precision: npt.NDArray[np.float64]) -> list[int]:
    """Return over how many classes each of the ``STATISTICS`` is a mean: those with an object of its area range."""
    objects = (precision[0, 0, :, :, -1] > -1).sum(axis=0).tolist()
    return [objects[_AREA_RANGES.get(name[-1], 0)] for name in STATISTICS]


def _weighted(statistics: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the means of ``statistics`` ``(groups, 12)`` by ``weights``; -1 where these are 0 throughout."""
    whole = weights.sum(axis=0)
    return np.where(whole > 0, (statistics * weights).sum(axis=0) / np.maximum(whole, 1), -1.0)


def _class_average_precision(
    precision: npt.NDArray[np.float64], categories: Sequence[int]
) -> dict[int, tuple[float | None, float | None]]:
    """Return AP and AP50 by category id; None for a class without truth.

    As in COCO both are means over recall points, AP over IoU thresholds too, with objects of all sizes and the largest
    number of detections per image.
    """
    by_class = {}
    for category_id, all_areas in zip(categories, np.moveaxis(precision[..., 0, -1], 2, 0), strict=False):
        defined, at_half = all_areas[all_areas > -1], all_areas[0][all_areas[0] > -1]
        by_class[category_id] = (
            float(defined.mean()) if defined.size else None,
            float(at_half.mean()) if at_half.size else None,
        )
    return by_class


def defined_score(value: float) -> float | None:
    """Return ``value``, or None for -1, by which pycocotools marks an undefined average."""
    return None if value < 0 or math.isnan(value) else float(value)


def _text_rle(rle: Any) -> dict[str, Any]:
    counts = rle["counts"]
    return {"size": list(rle["size"]), "counts": counts.decode("ascii") if isinstance(counts, bytes) else counts}


def without_text(results: Sequence[ResultRecord]) -> list[dict[str, Any]]:
    """Return the records without ``file_name``, which hotcoco does not take."""
    if not any("file_name" in record for record in results):
        return as_json(results)
    return [{key: value for key, value in record.items() if key != "file_name"} for record in results]
