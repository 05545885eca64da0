"""Scores of single images: the overlap of objects with predictions whatever the ranking, and the worst images."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.matches import Matches
from maskwright.evaluation.instances.curves import precision_recall
from maskwright.evaluation.instances.foreground import Overlap, foreground
from maskwright.evaluation.instances.matching import best_overlaps, one_to_one, paired_overlaps
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.evaluation.semantic.boundary import boundary_iou, boundary_width
from maskwright.masks.cropped import crop_masks
from maskwright.structures import ImageRecord, Record, ResultRecord, TruthRecord


@dataclass(frozen=True)
class ImageOverlaps:
    """The overlaps of the G true objects of one image, crowds excluded, with predictions of their class.

    ``best`` ``(G,)`` is an object's highest IoU with any prediction. ``paired`` ``(G,)`` is its IoU with its one-to-one
    match, 0 without one. ``boundary`` ``(G,)`` is the boundary IoU of that pair, or None when it was not computed.
    ``union`` is the foreground overlap of all classes together, None for boxes.
    """

    image: int
    categories: npt.NDArray[np.int64]
    best: npt.NDArray[np.float64]
    paired: npt.NDArray[np.float64]
    boundary: npt.NDArray[np.float64] | None
    union: Overlap | None


@dataclass(frozen=True)
class ImageRecords:
    """The COCO records of one image: the image, its objects and its detections."""

    image: ImageRecord
    objects: list[TruthRecord]
    found: list[ResultRecord]

    def above(self, score: float) -> "ImageRecords":
        """Return the image with the detections of at least ``score``."""
        return ImageRecords(self.image, self.objects, [each for each in self.found if each["score"] >= score])


def image_records(
    truth: Mapping[str, Any], results: Iterable[ResultRecord], score: float = -math.inf
) -> Iterator[ImageRecords]:
    """Yield the images of the COCO data set ``truth`` with their ``results`` of at least ``score``."""
    objects = _by_image(truth["annotations"])
    found = _by_image(each for each in results if each["score"] >= score)
    for image in truth["images"]:
        yield ImageRecords(image, objects[image["id"]], found[image["id"]])


def image_overlaps(records: ImageRecords, iou_type: str, boundary: bool = False) -> ImageOverlaps:
    """Compute the overlaps of one image; ``iou_type`` is ``segm``, for which every record needs a mask, or ``bbox``.

    ``boundary`` computes boundary IoU as well, which takes longest and needs masks.
    """
    image, objects, found = records.image, records.objects, records.found
    counted = [each for each in objects if not each["iscrowd"]]
    categories = np.array([each["category_id"] for each in counted], np.int64)
    best, paired, edges = (np.zeros(len(counted)) for _ in range(3))
    for category in np.unique(categories):
        mine = np.flatnonzero(categories == category)
        predicted = [each for each in found if each["category_id"] == category]
        ious = pairwise_iou(predicted, [counted[g] for g in mine], iou_type, [False] * len(mine))
        partner = one_to_one(ious)
        best[mine], paired[mine] = best_overlaps(ious), paired_overlaps(ious, partner)
        if boundary:
            edges[mine] = _boundaries(image, [counted[g] for g in mine], predicted, partner)
    union = None
    if iou_type == "segm":
        crowd = [each["segmentation"] for each in objects if each["iscrowd"]]
        union = foreground(_masks(counted), crowd, _masks(found))
    return ImageOverlaps(image["id"], categories, best, paired, edges if boundary else None, union)


def _boundaries(
    image: ImageRecord,
    objects: Sequence[TruthRecord],
    predicted: Sequence[ResultRecord],
    partner: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    width = boundary_width((image["height"], image["width"]))
    true, found = crop_masks(_masks(objects)), crop_masks(_masks(predicted))
    return np.array([boundary_iou(true[g], found[p], width) if p >= 0 else 0.0 for g, p in enumerate(partner)])


def _masks(records: Iterable[TruthRecord | ResultRecord]) -> list[Any]:
    return [each["segmentation"] for each in records]


def _by_image(records: Iterable[Record]) -> dict[int, list[Record]]:
    grouped: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        grouped[record["image_id"]].append(record)
    return grouped


def image_scores(
    matches: Matches, overlaps: Iterable[ImageOverlaps], names: Mapping[int, str], score: float
) -> list[dict[str, Any]]:
    """Return a row of scores for each image.

    A row is ``{"image_id", "file_name", "precision", "recall", "F1", "right", "wrong", "missed", "IoU"}``. Counts are
    of detections of at least ``score``. ``IoU`` is the foreground IoU, None for boxes. ``names`` are file names by
    image id.
    """
    kept = matches.above(score)
    right, found = (_counts(kept.image, names, which) for which in (kept.right, None))
    there = _counts(kept.true_image, names, None)
    rows = []
    for each in overlaps:
        i = each.image
        counts = precision_recall(right[i], found[i] - right[i], there[i] - right[i])
        iou = each.union.iou if each.union else None
        rows.append({"image_id": i, "file_name": names[i], **counts, "IoU": iou})
    return rows


def worst_first(images: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the images with an object or a detection, lowest F1 first; of equal F1 those with most errors first."""
    present = [each for each in images if each["F1"] is not None]
    return sorted(present, key=lambda each: (each["F1"], -each["wrong"] - each["missed"], each["image_id"]))


def _counts(
    images: npt.NDArray[np.int64], names: Mapping[int, str], which: npt.NDArray[np.bool_] | None
) -> dict[int, int]:
    ids, counts = np.unique(images if which is None else images[which], return_counts=True)
    return dict.fromkeys(names, 0) | dict(zip(ids.tolist(), counts.tolist(), strict=True))
