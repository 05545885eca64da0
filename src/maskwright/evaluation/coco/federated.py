"""LVIS's federated AP: on each image only the classes that were looked for there count.

Computed by hotcoco, whose numbers are those of lvis-api. Source: A. Gupta, P. Dollár, R. Girshick, "LVIS: A Dataset for
Large Vocabulary Instance Segmentation", CVPR 2019, section 3, and ``eval.py`` of lvis-api.
"""

from collections.abc import Sequence
from typing import Any

from hotcoco import COCO, LVISeval

from maskwright.annotations.coco.lvis_file import FederatedLabels
from maskwright.evaluation.coco.evaluator import defined_score, raw_statistics, without_text
from maskwright.structures import ResultRecord

LVIS_STATISTICS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf", "AR", "ARs", "ARm", "ARl")
LVIS_PROTOCOL = (
    "LVIS evaluation: a class counts on the images where it is annotated or known to be absent, at most 300 detections "
    "an image, APr, APc and APf over rare, common and frequent classes; comparable with numbers of lvis-api"
)


def federated_scores(
    truth: dict[str, Any], labels: FederatedLabels, results: Sequence[ResultRecord], iou_type: str
) -> dict[str, float | None]:
    """Compute the statistics of ``LVIS_STATISTICS`` of ``results`` for the IoU type ``bbox`` or ``segm``.

    ``truth`` is a COCO data set, and ``labels`` are those of its images. A statistic is None where there is no truth to
    measure against.
    """
    images = [
        {
            **image,
            "neg_category_ids": labels.absent.get(image["id"], []),
            "not_exhaustive_category_ids": labels.not_exhaustive.get(image["id"], []),
        }
        for image in truth["images"]
    ]
    categories = [
        {**each, "frequency": labels.frequency[each["id"]]} if each["id"] in labels.frequency else each
        for each in truth["categories"]
    ]
    coco = COCO({**truth, "images": images, "categories": categories})
    evaluation = LVISeval(coco, coco.load_res(without_text(results)), iou_type)
    evaluation.evaluate()
    stats = raw_statistics(evaluation)
    return {name: defined_score(value) for name, value in zip(LVIS_STATISTICS, stats, strict=True)}
