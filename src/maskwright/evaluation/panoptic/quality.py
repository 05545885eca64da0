"""Panoptic quality (PQ) from the sums of the counts of matched, wrong and missed segments.

Source: A. Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 4, and ``evaluation.py`` of panopticapi.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hotcoco.metrics import panoptic_quality

PROTOCOL = (
    "panoptic quality as in panopticapi: segments of one class match at IoU above 0.5, void pixels left out of the "
    "union; a class is scored over all images, and means are over the classes with a true or predicted segment; "
    "comparable with published numbers of panopticapi"
)
MEASURES = ("PQ", "SQ", "RQ")
MATCH_IOU = 0.5
"""A true and a predicted segment match above this IoU, and a prediction is excused by more than this share on void."""


class MatchCounts(NamedTuple):
    """The segments of one class: matched, wrong and missed ones, and the sum of the IoUs of matches."""

    matched: int = 0
    wrong: int = 0
    missed: int = 0
    iou: float = 0.0

    def plus(self, other: "MatchCounts") -> "MatchCounts":
        """Return the sums of both."""
        return MatchCounts(
            self.matched + other.matched,
            self.wrong + other.wrong,
            self.missed + other.missed,
            self.iou + other.iou,
        )

    def scores(self) -> dict[str, float | None]:
        """Return PQ, SQ and RQ; None where the class has no segment on either side."""
        if not self.matched + self.wrong + self.missed:
            return dict.fromkeys(MEASURES)
        return dict(zip(MEASURES, panoptic_quality(self.iou, self.matched, self.wrong, self.missed), strict=True))


def summed_counts(images: Iterable[Mapping[int, MatchCounts]]) -> dict[int, MatchCounts]:
    """Return the sums of the counts of all ``images``, by the index of the class."""
    total: dict[int, MatchCounts] = {}
    for image in images:
        for index, counts in image.items():
            total[index] = total.get(index, MatchCounts()).plus(counts)
    return total


def panoptic_scores(
    counts: Mapping[int, MatchCounts], names: Sequence[str], things: Sequence[bool | None]
) -> dict[str, Any]:
    """Compute the scores from the counts of all images by the index of the class, which is 1 for ``names[0]``.

    Returns ``{"PQ", "SQ", "RQ", "things": {same}, "stuff": {same}, "classes": {name: {same, "thing", "matched",
    "wrong", "missed"}}}``. A class without a segment on either side has None and is in no mean; a mean over no class is
    None. Classes of which ``things`` does not say what they are belong to neither part.
    """
    classes: dict[str, dict[str, Any]] = {}
    for index, (name, thing) in enumerate(zip(names, things, strict=True), start=1):
        found = counts.get(index, MatchCounts())
        parts = {"matched": found.matched, "wrong": found.wrong, "missed": found.missed}
        classes[name] = {**found.scores(), "thing": thing, **parts}
    return {
        **_means(classes.values()),
        "things": _means(row for row in classes.values() if row["thing"] is True),
        "stuff": _means(row for row in classes.values() if row["thing"] is False),
        "classes": classes,
    }


def _means(rows: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    present = [row for row in rows if row["PQ"] is not None]
    return {measure: sum(row[measure] for row in present) / len(present) if present else None for measure in MEASURES}
