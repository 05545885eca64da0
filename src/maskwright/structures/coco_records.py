"""Types of checked COCO records: images, annotated objects (truth) and results of a detector.

Boxes are xywh in pixels. A mask is a compressed RLE. Its ``counts`` are text in a JSON file and bytes in memory; files
are converted where they are read and written.
"""

from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict, TypeVar, cast

Rle = dict[str, Any]
"""A binary mask as COCO's column-major run lengths, compressed: ``{"size": [H, W], "counts": bytes}``."""


class ImageRecord(TypedDict):
    """An image of a COCO file; ``height`` and ``width`` in pixels."""

    id: int
    file_name: str
    height: int
    width: int


class TruthRecord(TypedDict):
    """An annotated object, or a crowd region where ``iscrowd`` is 1; ``area`` is in pixels.

    ``segmentation`` is absent where there is no mask.
    """

    id: int
    image_id: int
    category_id: int
    bbox: list[float]
    area: float
    iscrowd: int
    segmentation: Rle
    ignore: NotRequired[int]


class ResultRecord(TypedDict):
    """A detection with its score. In results read from a file ``bbox`` or ``segmentation`` may be absent."""

    image_id: int
    category_id: int
    score: float
    bbox: list[float]
    segmentation: Rle
    file_name: NotRequired[str]


Record = TypeVar("Record", TruthRecord, ResultRecord)
"""The records of one kind: what is done to each keeps its kind."""


def as_json(records: Iterable[ImageRecord] | Iterable[TruthRecord] | Iterable[ResultRecord]) -> list[dict[str, Any]]:
    """Return ``records`` as the plain dictionaries that libraries take; the objects are the same."""
    return cast(list[dict[str, Any]], list(records))


def with_masks(records: Iterable[Record]) -> list[Record]:
    """Return the ``records`` that have a mask, which are those to score for the IoU type ``segm``."""
    return [record for record in records if "segmentation" in record]


def without_boxes(results: Iterable[ResultRecord]) -> list[ResultRecord]:
    """Return ``results`` without their boxes, so that an evaluator takes the size of a detection from its mask.

    Where results have boxes, pycocotools takes sizes from these, also when it scores masks (COCO API, coco.py,
    ``loadRes``). Detectron2 therefore removes boxes before it scores masks (evaluation/coco_evaluation.py,
    ``_evaluate_predictions_on_coco``).
    """
    return [cast(ResultRecord, {key: value for key, value in each.items() if key != "bbox"}) for each in results]
