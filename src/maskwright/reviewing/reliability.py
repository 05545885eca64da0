"""What a model's predictions are worth, measured on the labels themselves: by class, score and size of object.

As in confident learning (C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", JAIR 2021, arXiv:1911.00068), a score counts by what the same model reaches with that score on that class, not
by its own size. Most labels are right, so that their errors move the measured shares little.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskwright.reviewing.image_evidence import FINDS, Floats, ImageEvidence, Ints

# Detections that a class needs for its own share to weigh as much as that of all classes.
_PRIOR = 8.0
# Objects of a class and size that its usual support and agreement are taken from; fewer take those of more.
_FEWEST = 10
# COCO's small and medium objects, in pixels.
_SIZES = (32**2, 96**2)


@dataclass
class Reliability:
    """The share of right detections by class and score, and what is usual for the objects of a class and size.

    ``edges`` are the scores between bins that hold a tenth of all right detections each; the first holds what is below.
    ``right`` and ``wrong`` ``(11,)`` count detections by bin, for all classes at key None.
    """

    edges: Floats
    right: dict[int | None, Floats]
    wrong: dict[int | None, Floats]
    support: dict[tuple[int | None, int | None], float] = field(default_factory=dict)
    agreement: dict[tuple[int | None, int | None], float] = field(default_factory=dict)

    def trust(self, classes: Ints, scores: Floats) -> Floats:
        """Return the probability that a detection of a class and score finds a labelled object of that class.

        It is the share among the detections of similar score, those of the class and, the fewer these are, of all
        classes.
        """
        bins = np.digitize(scores, self.edges)
        right, wrong = self.right[None], self.wrong[None]
        general = (right + 0.5) / (right + wrong + 1.0)
        found = np.empty(len(scores))
        for row, (category, place) in enumerate(zip(classes.tolist(), bins.tolist(), strict=True)):
            own = self.right.get(category), self.wrong.get(category)
            hits, misses = (0.0 if each is None else float(each[place]) for each in own)
            found[row] = (hits + _PRIOR * general[place]) / (hits + misses + _PRIOR)
        return found

    def usual_support(self, category: int, area: float) -> float:
        """Return the mean support (see :func:`support_of_objects`) of the objects of a class and about this size."""
        return _most_specific(self.support, category, area)

    def usual_agreement(self, category: int, area: float) -> float:
        """Return the median agreement of the objects of a class and about this size with what finds them."""
        return _most_specific(self.agreement, category, area)


def size_of(area: float) -> int:
    """Return 0, 1 or 2 for an object that is small, medium or large by COCO's areas in pixels."""
    return sum(area >= least for least in _SIZES)


def _most_specific(values: dict[tuple[int | None, int | None], float], category: int, area: float) -> float:
    size = size_of(area)
    for key in ((category, size), (category, None), (None, size), (None, None)):
        if key in values:
            return values[key]
    return 0.0


def measure_reliability(images: Sequence[ImageEvidence]) -> Reliability:
    """Measure the reliability of the detections of all ``images``; with no detection at all, nothing is reliable."""
    counted = [each.in_crowd <= FINDS for each in images]
    scores = _joined(each.scores[kept | (each.match >= 0)] for each, kept in zip(images, counted, strict=True))
    hits = _joined(each.match[kept | (each.match >= 0)] >= 0 for each, kept in zip(images, counted, strict=True)) > 0
    classes = _joined(each.classes[kept | (each.match >= 0)] for each, kept in zip(images, counted, strict=True))
    edges = np.unique(np.quantile(scores[hits], np.arange(0, 1, 0.1))) if hits.any() else np.array([np.inf])
    bins = np.digitize(scores, edges)
    right, wrong = (_counts(classes[which], bins[which], len(edges) + 1) for which in (hits, ~hits))
    measured = Reliability(edges, right, wrong)
    supports, agreements = defaultdict[tuple[int | None, int | None], list[float]](list), defaultdict(list)
    for each in images:
        support, finders = support_of_objects(each, measured), each.matched_by
        for g, (label, area) in enumerate(zip(each.labels.tolist(), each.areas.tolist(), strict=True)):
            keys = ((label, size_of(area)), (label, None), (None, size_of(area)), (None, None))
            for key in keys:
                supports[key].append(float(support[g]))
                if finders[g] >= 0:
                    agreements[key].append(float(each.matched_agreement[g]))
    for key, values in supports.items():
        if len(values) >= _FEWEST or key == (None, None):
            measured.support[key] = float(np.mean(values))
    for key, values in agreements.items():
        if len(values) >= _FEWEST or key == (None, None):
            measured.agreement[key] = float(np.median(values))
    return measured


def _counts(classes: Floats, bins: Ints, size: int) -> dict[int | None, Floats]:
    """Return the number of detections in each of ``size`` bins, for each of their classes and at key None for all."""
    ids, rows = np.unique(classes, return_inverse=True)
    table = np.bincount(rows * size + bins, minlength=len(ids) * size).reshape(-1, size).astype(np.float64)
    return {None: table.sum(axis=0), **dict(zip(ids.astype(int).tolist(), table, strict=True))}


def support_of_objects(image: ImageEvidence, reliability: Reliability) -> Floats:
    """Return how far each object ``(G,)`` is supported by a detection of any class, 0 to 1.

    It is the highest trust of a detection, times its IoU with the object over 0.5 where that is less.
    """
    trust = reliability.trust(image.classes, image.scores)
    return (trust[:, None] * np.minimum(1.0, image.ious / FINDS)).max(axis=0, initial=0.0)


def _joined(parts: Iterable[np.ndarray]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])
