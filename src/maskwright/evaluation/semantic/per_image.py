"""Semantic scores of single images, which tell the worst ones; the scores of a data set are no means of these."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from maskwright.evaluation.semantic.scores import Confusion

WORST = 20

ImageRow = dict[str, Any]


def image_row(image_id: int, file_name: str, counts: Confusion) -> ImageRow:
    """Return ``{"image_id", "file_name", "mIoU", "pixel_accuracy"}`` of the image with the confusion matrix ``counts``.

    The mean is over the classes that occur in its truth or its prediction, background among them. Both are None for an
    image without a counted pixel.
    """
    hits = np.diag(counts).astype(np.float64)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    occurs, total = union > 0, int(counts.sum())
    return {
        "image_id": image_id,
        "file_name": file_name,
        "mIoU": float((hits[occurs] / union[occurs]).mean()) if occurs.any() else None,
        "pixel_accuracy": float(hits.sum() / total) if total else None,
    }


def worst_first(rows: Iterable[ImageRow]) -> list[ImageRow]:
    """Return the images with a counted pixel, lowest mean IoU first; of equal ones the lower pixel accuracy first."""
    scored = [row for row in rows if row["mIoU"] is not None]
    return sorted(scored, key=lambda row: (row["mIoU"], row["pixel_accuracy"], row["image_id"]))
