"""Panoptic quality of segments of one kind, only things or only stuff, as a run without the other kind has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.intervals import panoptic_intervals
from maskwright.evaluation.panoptic.quality import MEASURES, MatchCounts, panoptic_scores, summed_counts


def one_kind_quality(images: Sequence[Mapping[int, MatchCounts]], names: Mapping[int, str]) -> dict[str, Any]:
    """Compute the quality from the counts of ``images`` by class; ``names`` are those of the classes.

    Returns ``{"PQ", "SQ", "RQ", "classes": {name: {"PQ", "SQ", "RQ", "matched", "wrong", "missed"}}}`` of the classes
    with a segment that counts.
    """
    renumbered, present = _with_segments(images, names)
    found = panoptic_scores(summed_counts(renumbered), present, [True] * len(present))
    classes = {
        name: {key: value for key, value in row.items() if key != "thing"} for name, row in found["classes"].items()
    }
    return {**{key: found[key] for key in MEASURES}, "classes": classes}


def one_kind_intervals(
    images: Sequence[Mapping[int, MatchCounts]], names: Mapping[int, str], resampling: Resampling
) -> dict[str, Any]:
    """Return the bootstrap intervals of :func:`one_kind_quality` over the ``images``, in this order.

    Returns ``{"PQ": {"value", "low", "high"}, "SQ", "RQ", "classes": {name: {same}}}``.
    """
    renumbered, present = _with_segments(images, names)
    found = panoptic_intervals(renumbered, present, [True] * len(present), resampling)
    return {key: found[key] for key in (*MEASURES, "classes")}


def _with_segments(
    images: Sequence[Mapping[int, MatchCounts]], names: Mapping[int, str]
) -> tuple[list[dict[int, MatchCounts]], list[str]]:
    """Return the counts of the classes with a segment by their index from 1, and the names of these.

    A sample has a row for each class, so that thousands of classes that do not occur would fill the memory.
    """
    occurring = {label for image in images for label, counts in image.items() if any(counts)}
    present = [label for label in names if label in occurring]
    index = {label: position for position, label in enumerate(present, start=1)}
    renumbered = [{index[label]: counts for label, counts in image.items() if label in index} for image in images]
    return renumbered, [names[label] for label in present]
