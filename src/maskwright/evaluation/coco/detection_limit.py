"""COCO AP and AR with another limit of detections than 100 of a class on an image."""

from collections.abc import Sequence
from typing import Any

from hotcoco import COCO, COCOeval

from maskwright.errors import UsageError
from maskwright.evaluation.coco.evaluator import defined_score, raw_statistics, without_text
from maskwright.structures import ResultRecord

LIMITED_STATISTICS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR", "ARs", "ARm", "ARl")
# Where they are among the twelve of an evaluation, whose AR1, AR10 and AR100 are one number with a single limit.
_PLACES = (0, 1, 2, 3, 4, 5, 6, 9, 10, 11)


def require_limit(limit: int | None) -> None:
    """Raise ``UsageError`` unless the ``limit`` of detections is None or at least 1."""
    if limit is not None and limit < 1:
        raise UsageError(f"--max-dets {limit}: expected a number of detections of at least 1.")


def require_limit_of(task: str, limit: int | None) -> None:
    """Raise ``UsageError`` for a ``limit`` of less than 1, or one in another ``task`` than instance segmentation."""
    require_limit(limit)
    if limit is not None and task != "instance":
        raise UsageError(f"--max-dets {limit}: the model is {task}; expected an instance model. Leave it out.")


def limit_protocol(limit: int) -> str:
    """Return what the scores with the ``limit`` mean."""
    if limit == 100:
        return "COCO evaluation with its own limit of 100 detections of a class on an image"
    return (
        f"COCO evaluation with at most {limit:,} detections of a class on an image; published numbers have at most 100 "
        "and are not comparable"
    )


def limited_scores(
    truth: dict[str, Any], results: Sequence[ResultRecord], iou_type: str, limit: int
) -> dict[str, float | None]:
    """Compute the statistics of ``LIMITED_STATISTICS`` for the IoU type ``bbox`` or ``segm``.

    ``truth`` is a COCO data set. Of each class the ``limit`` most confident of the ``results`` on an image count. A
    statistic is None where there is no truth to measure against.
    """
    coco = COCO(truth)
    evaluation = COCOeval(coco, coco.load_res(without_text(results)), iou_type)
    evaluation.params.max_dets = [limit]
    evaluation.evaluate()
    return limited_statistics(evaluation)


def limited_statistics(evaluation: COCOeval) -> dict[str, float | None]:
    """Return the ``LIMITED_STATISTICS`` of an evaluation with a single limit, whose images are matched."""
    stats = raw_statistics(evaluation)
    return {name: defined_score(stats[place]) for name, place in zip(LIMITED_STATISTICS, _PLACES, strict=True)}
