"""Panoptic quality (PQ) of objects: detections that count at a score threshold, matched one to one with the objects.

PQ is defined for segments that do not overlap, of which at most one has an IoU above 0.5 with a given segment. Objects
of a COCO file and detections may overlap, so that several can; then the pair of highest IoU is matched first.

Source: A. Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 4, and ``evaluation.py`` of panopticapi.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.instances.matching import one_to_one, paired_overlaps
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.evaluation.instances.per_image import ImageRecords
from maskwright.evaluation.panoptic.quality import MATCH_IOU, MatchCounts
from maskwright.structures import ResultRecord, TruthRecord


def object_segments(image: ImageRecords) -> dict[int, MatchCounts]:
    """Count the matched, wrong and missed segments of one image, all of whose records have an RLE, by category id.

    A detection matches an object of its class at an IoU above 0.5. One that matches none is not wrong where more than
    half of it lies on crowds of its class.
    """
    categories = sorted({each["category_id"] for each in (*image.objects, *image.found)})
    return {
        category: _of_class(
            [each for each in image.objects if each["category_id"] == category],
            [each for each in image.found if each["category_id"] == category],
        )
        for category in categories
    }


def object_protocol(score: float) -> str:
    """Return how the quality is computed from detections of at least ``score``, and with what it can be compared."""
    return (
        f"panoptic quality of objects: detections with a score of at least {score:g}, matched one to one with objects "
        "of their class at IoU above 0.5; equal to panopticapi's PQ of things where no masks overlap; not comparable "
        "with published PQ, which has stuff and segments without overlap"
    )


def _of_class(objects: Sequence[TruthRecord], found: Sequence[ResultRecord]) -> MatchCounts:
    counted = [each for each in objects if not each["iscrowd"]]
    crowds = [each for each in objects if each["iscrowd"]]
    ious = pairwise_iou(found, counted, "segm", [False] * len(counted))
    ious = np.where(ious > MATCH_IOU, ious, 0.0)
    partner = one_to_one(ious)
    matched = int((partner >= 0).sum())
    alone = np.setdiff1d(np.arange(len(found)), partner)
    wrong = int((~_on_crowds(found, crowds)[alone]).sum())
    return MatchCounts(matched, wrong, len(counted) - matched, float(paired_overlaps(ious, partner).sum()))


def _on_crowds(found: Sequence[ResultRecord], crowds: Sequence[TruthRecord]) -> npt.NDArray[np.bool_]:
    """Return whether more than half of each of N detections lies on the ``crowds``: ``(N,)``."""
    return pairwise_iou(found, crowds, "segm", [True] * len(crowds)).sum(axis=1) > MATCH_IOU
