"""The suspects of a review as tasks for labelling tools: of each its key, its place and its outlines."""

from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.reports.review.page import TITLES
from maskwright.reviewing.labelling_tools.review_task import ReviewTask, review_key
from maskwright.reviewing.outlines import outline_rings
from maskwright.reviewing.suspects import Suspect

# Pixels by which an outline in a labelling tool may differ: it is looked at, and never read back.
_TOLERANCE = 0.75


def review_tasks(
    numbers: Mapping[str, Any], suspects: Sequence[Suspect], truth: CocoTruth, results: Results
) -> list[ReviewTask]:
    """Return a task for each of ``suspects``, the first of those in ``numbers``, whose masks are drawn."""
    key = review_key(numbers)
    return [
        _task(record, key, each, truth, results) for record, each in zip(numbers["suspects"], suspects, strict=False)
    ]


def _task(record: Mapping[str, Any], key: str, suspect: Suspect, truth: CocoTruth, results: Results) -> ReviewTask:
    image = truth.images[suspect.image]
    size = image["height"], image["width"]
    objects, found = [truth.annotations[i] for i in suspect.objects], [results.records[i] for i in suspect.found]
    classes = [name for name in (record["label"], record["suggested"]) if name]
    return ReviewTask(
        f"{record['id']}@{key}",
        image["file_name"],
        size,
        f"{record['rank']}. {TITLES[record['kind']]} ({' → '.join(dict.fromkeys(classes))})",
        record["correction"],
        record["evidence"],
        _around([each["bbox"] for each in [*objects, *found]], size),
        [ring for each in objects for ring in outline_rings(each, _TOLERANCE, holes=False)],
        [ring for each in found for ring in outline_rings(each, _TOLERANCE, holes=False)],
    )


def _around(boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the box (xyxy) around ``boxes`` (xywh), inside an image of ``size``: a tool takes no other."""
    height, width = size
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return (
        min(max(left, 0.0), float(width)),
        min(max(top, 0.0), float(height)),
        min(max(right, 0.0), float(width)),
        min(max(bottom, 0.0), float(height)),
    )
