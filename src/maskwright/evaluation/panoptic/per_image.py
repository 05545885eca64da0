"""Panoptic scores of single images, which tell the worst ones; the scores of a data set are no means of these."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from maskwright.evaluation.panoptic.quality import MatchCounts

MOST_ROWS = 20

SegmentRow = dict[str, Any]


def segment_row(image_id: int, file_name: str, counts: Iterable[MatchCounts]) -> SegmentRow:
    """Return ``{"image_id", "file_name", "PQ", "matched", "wrong", "missed"}`` of the image with the ``counts``.

    They are those of its classes, and PQ is that of all their segments together; None for an image without a segment.
    """
    total = reduce(MatchCounts.plus, counts, MatchCounts())
    parts = {"matched": total.matched, "wrong": total.wrong, "missed": total.missed}
    return {"image_id": image_id, "file_name": file_name, "PQ": total.scores()["PQ"], **parts}


def fewest_matched_first(rows: Iterable[SegmentRow]) -> list[SegmentRow]:
    """Return the images with a segment, lowest PQ first, at most 20; of equal ones those with more missed first."""
    scored = [row for row in rows if row["PQ"] is not None]
    return sorted(scored, key=lambda row: (row["PQ"], -row["missed"], row["image_id"]))[:MOST_ROWS]
