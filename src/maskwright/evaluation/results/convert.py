"""Instances as COCO result records, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from maskwright.structures import Instances, Rle


def to_results(instances: Instances, image_id: int, file_name: str) -> list[dict[str, Any]]:
    """COCO result records: ``image_id category_id bbox score segmentation`` and ``file_name``.

    ``category_id`` is the class index of ``classes.json``; ``bbox`` is xywh in pixels.
    """
    records = []
    for i in range(len(instances)):
        x1, y1, x2, y2 = (float(value) for value in instances.boxes[i])
        rle = instances.masks[i]
        records.append(
            {
                "image_id": image_id,
                "file_name": file_name,
                "category_id": int(instances.labels[i]),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": float(instances.scores[i]),
                "segmentation": {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")},
            }
        )
    return records


def from_results(records: Iterable[Mapping[str, Any]], size: tuple[int, int]) -> Instances:
    """The :class:`Instances` of one image of ``size`` ``(H, W)`` from its result records."""
    rows = list(records)
    if not rows:
        return Instances.empty(size)
    boxes = np.array([row["bbox"] for row in rows], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    masks = [
        Rle(size=list(r["segmentation"]["size"]), counts=r["segmentation"]["counts"].encode("ascii")) for r in rows
    ]
    return Instances(
        size,
        boxes,
        np.array([row["category_id"] for row in rows], np.int64),
        masks,
        scores=np.array([row["score"] for row in rows], np.float32),
    )
