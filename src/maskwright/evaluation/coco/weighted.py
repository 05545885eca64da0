"""COCO AP of weighted images, computed from the matches of one evaluation.

An image of weight 2 counts as two equal images, one of weight 0 not at all. Matching stays within an image and is not
repeated; only the precision-recall curve over all images changes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.bootstrap import Weights, ratio
from maskwright.parallel.threads import map_in_threads

_EPSILON = np.spacing(1)  # pycocotools adds it to the denominator of precision
_MOST_NUMBERS = 1 << 23
# Of so many images the weights, each below 50,000, are one number of 64 bits.
_FEW_IMAGES = 4
# The arrays of more processors would not fit into their caches, and a process that trains may have them all.
_THREADS = 2

SIZES = ("all", "small", "medium", "large")
# The IoU thresholds of COCO, 0.50 to 0.95.
THRESHOLDS = 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranked:
    """The D detections of one class and area range, most confident first, and the number of objects on each image.

    ``image`` ``(D,)`` int64 are positions of images, ``score`` ``(D,)`` float64. ``right`` and ``counted`` ``(T, D)``
    bool say at each IoU threshold which detections find an object and which are not ignored; a detection that is
    ignored at all thresholds is not among them. ``objects`` ``(N,)`` int64 counts the objects of each image.
    """

    image: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    objects: npt.NDArray[np.int64]

    def equals(self, other: "Ranked") -> bool:
        """Return whether the other detections and objects are the same."""
        pairs = ((getattr(self, each.name), getattr(other, each.name)) for each in fields(self))
        return all(np.array_equal(one, two) for one, two in pairs)

    def beside(self, other: "Ranked") -> "Ranked":
        """Return the detections of this and of the ``other`` model, whose images become ``N`` to ``2 N - 1``."""
        score = np.concatenate([self.score, other.score])
        order = np.argsort(-score, kind="stable")
        return Ranked(
            np.concatenate([self.image, other.image + len(self.objects)])[order],
            score[order],
            np.concatenate([self.right, other.right], axis=1)[:, order],
            np.concatenate([self.counted, other.counted], axis=1)[:, order],
            np.concatenate([self.objects, other.objects]),
        )


@dataclass(frozen=True)
class SampledScores:
    """COCO AP of B samples of the images; NaN where no class, or the class, has an object.

    ``overall`` are ``AP AP50 AP75 APs APm APl``, each ``(B,)``. ``ap`` and ``ap50`` ``(K, B)`` are of the classes.
    """

    overall: dict[str, Floats]
    ap: Floats
    ap50: Floats


@dataclass(frozen=True)
class MatchRecords:
    """The matches of an evaluation: ``cells[k][a]`` for category ``categories[k]`` and area range ``SIZES[a]``.

    ``recalls`` are the recall points at which precision is averaged.
    """

    categories: list[int]
    cells: list[list[Ranked]]
    recalls: npt.NDArray[np.float64]

    def scores(self, weights: Weights | npt.NDArray[np.bool_]) -> SampledScores:
        """Return the scores of the images with ``weights`` ``(B, N)``; bool where each is there once or not at all.

        AP by size and IoU is held for one class at a time: that of all takes 320 KB a class for a thousand samples.
        """
        drawn = np.ascontiguousarray(weights.T, np.int32)
        threads = min(_THREADS, os.cpu_count() or 1)
        sums = np.zeros((len(SIZES), THRESHOLDS, len(weights)))
        classes = np.zeros((len(SIZES), len(weights)))
        ap, ap50 = np.zeros((2, len(self.cells), len(weights)))
        precision = map_in_threads(lambda row: _class_precision(row, drawn, self.recalls), self.cells, threads)
        for k, (values, sampled) in enumerate(precision):
            # A sample has an object of a size or not, at whichever threshold.
            known = ~np.isnan(values[:, 0])
            for a in np.flatnonzero(known.any(axis=1)):
                sums[a] += np.where(known[a], values[a], 0.0)[:, sampled]
                classes[a] += known[a][sampled]
            ap[k], ap50[k] = (_sum(values[0]) / THRESHOLDS)[sampled], values[0, 0][sampled]
        return SampledScores(_statistics(sums, classes), ap, ap50)

    def beside(self, other: "MatchRecords") -> "MatchRecords":
        """Return the matches of this and of the ``other`` model on the same N images as those of 2 N images."""
        rows = zip(self.cells, other.cells, strict=True)
        cells = [[one.beside(two) for one, two in zip(*row, strict=True)] for row in rows]
        return MatchRecords(self.categories, cells, self.recalls)


def _statistics(sums: Floats, classes: Floats) -> dict[str, Floats]:
    """Return ``AP AP50 AP75 APs APm APl``, each ``(B,)``, from AP at COCO's ten IoU thresholds by size ``(A, T, B)``.

    ``sums`` are those of the classes that have an object, ``classes`` ``(A, B)`` their number.
    """

    def mean(size: int, thresholds: slice) -> Floats:
        chosen = sums[size, thresholds]
        return ratio(_sum(chosen), len(chosen) * classes[size])

    return {
        "AP": mean(0, slice(None)),
        "AP50": mean(0, slice(0, 1)),
        "AP75": mean(0, slice(5, 6)),
        **{f"AP{size[0]}": mean(a, slice(None)) for a, size in enumerate(SIZES) if a},
    }


def _sum(rows: Floats) -> Floats:
    """Return the sum of ``rows`` ``(T, B)``, in an order that does not depend on the number of samples."""
    return np.add.accumulate(rows, axis=0)[-1]


def _class_precision(
    row: Sequence[Ranked], drawn: npt.NDArray[np.int32], recalls: Floats
) -> tuple[Floats, slice | npt.NDArray[np.int64]]:
    """Return AP ``(A, T, C)`` of one class for C different samples, and which of these each of the B samples is.

    ``drawn`` ``(N, B)`` are the weights of the images.
    """
    # The weights of few images repeat among the samples, and with them the scores of a rare class.
    involved = np.unique(np.concatenate([part for cell in row for part in (cell.image, np.flatnonzero(cell.objects))]))
    if involved.size > _FEW_IMAGES:
        return _sampled_precision(row, drawn, recalls), slice(None)
    code = np.zeros(drawn.shape[1], np.int64)
    for weights in drawn[involved]:
        code = code * (int(weights.max(initial=0)) + 1) + weights
    _, first, sampled = np.unique(code, return_index=True, return_inverse=True)
    return _sampled_precision(row, np.ascontiguousarray(drawn[:, first]), recalls), sampled


def _sampled_precision(row: Sequence[Ranked], drawn: npt.NDArray[np.int32], recalls: Floats) -> Floats:
    found: list[Floats] = []
    for cell in row:
        # Where all objects and detections are of one size, its cell is that of all sizes.
        alike = next((values for values, other in zip(found, row, strict=False) if cell.equals(other)), None)
        found.append(_precision(cell, drawn, recalls) if alike is None else alike)
    return np.stack(found)


def _precision(cell: Ranked, drawn: npt.NDArray[np.int32], recalls: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return AP ``(T, B)`` of one class and area range; ``drawn`` ``(N, B)`` are the weights of the images."""
    samples = drawn.shape[1]
    # Nothing after the last right detection changes the curve.
    last = np.flatnonzero(cell.right.any(axis=0)).max(initial=-1) + 1
    cell = Ranked(cell.image[:last], cell.score[:last], cell.right[:, :last], cell.counted[:, :last], cell.objects)
    step = max(1, _MOST_NUMBERS // max(1, last))
    parts = [_precision_of(cell, drawn[:, start : start + step], recalls) for start in range(0, samples, step)]
    return np.concatenate([np.zeros((len(cell.right), 0)), *parts], axis=1)


def _precision_of(
    cell: Ranked, weights: npt.NDArray[np.int32], recalls: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    there = np.flatnonzero(cell.objects)
    objects = cell.objects[there] @ weights[there]
    ap = np.zeros((len(cell.right), weights.shape[1]))
    if there.size and cell.image.size:
        drawn = weights[cell.image]
        steady = np.asarray(cell.counted.all(axis=0))
        ranks = _RanksOfSteady(drawn, steady)
        reached = _recall_points(objects, int(drawn[cell.right.any(axis=0)].sum(axis=0).max()), recalls)
        for t, (right, counted) in enumerate(zip(cell.right, cell.counted, strict=True)):
            # A class with few detections has the same ones right at several thresholds.
            if t and np.array_equal(right, cell.right[t - 1]) and np.array_equal(counted, cell.counted[t - 1]):
                ap[t] = ap[t - 1]
                continue
            places = np.flatnonzero(right)
            hits = np.cumsum(drawn[places], axis=0, dtype=np.int32)
            found = ranks.at(places, counted)
            ap[t] = _interpolated(hits, found, reached) / len(recalls)
    ap[:, objects == 0] = np.nan
    return ap


class _RanksOfSteady:
    """The numbers of detections up to a place of the ranking.

    Most detections count at all thresholds; they are added up once. The few others are added for each threshold.
    """

    def __init__(self, drawn: npt.NDArray[np.int32], steady: npt.NDArray[np.bool_]) -> None:
        self._steady = np.cumsum(drawn if steady.all() else drawn[steady], axis=0, dtype=np.int32)
        self._steady_before = np.cumsum(steady, dtype=np.int64)
        self._others = np.flatnonzero(~steady)
        self._drawn = drawn[self._others]

    def at(self, places: npt.NDArray[np.int64], counted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """Return how many ``counted`` detections are sampled up to each of ``places`` ``(R,)``: ``(R, B)``."""
        found = _up_to(self._steady, self._steady_before[places])
        kept = counted[self._others]
        if kept.any():
            others = np.cumsum(self._drawn[kept], axis=0, dtype=np.int32)
            found += _up_to(others, np.searchsorted(self._others[kept], places, side="right"))
        return found


def _up_to(sums: npt.NDArray[np.int32], numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the rows of cumulative ``sums`` after so many ``numbers`` of terms; 0 before the first."""
    if not len(sums):
        return np.zeros((len(numbers), sums.shape[1]), np.int32)
    found = sums[np.maximum(numbers - 1, 0)]
    found[numbers == 0] = 0
    return found


def _recall_points(objects: npt.NDArray[np.int64], most: int, recalls: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Return how many recall points are reached with 0 to ``most`` hits among ``objects`` ``(B,)``: ``(most + 1, B)``.

    The numbers of objects repeat among samples, so that few columns are computed.
    """
    numbers, column = np.unique(objects, return_inverse=True)
    recall = np.arange(most + 1)[:, None] / np.maximum(numbers, 1)
    return np.searchsorted(recalls, recall, side="right").astype(np.int16)[:, column]


def _interpolated(
    hits: npt.NDArray[np.int32], found: npt.NDArray[np.int32], reached: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Return the sum of the interpolated precision ``(B,)`` at all recall points.

    ``hits`` and ``found`` are ``(R, B)`` after each of R right detections, ``reached`` as of :func:`_recall_points`.
    """
    if not len(hits):
        return np.zeros(hits.shape[1])
    precision = hits / (found + _EPSILON)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    samples = hits.shape[1]
    points = reached.ravel()[hits * np.int64(samples) + np.arange(samples)]
    return envelope[0] * points[0] + (envelope[1:] * np.diff(points, axis=0)).sum(axis=0)
