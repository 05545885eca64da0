"""Pixel counts of the label maps of a data set, image by image, and the scores computed from their sums.

Counts add up over images and over processes; neither label maps nor probabilities are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.semantic import scores as semantic
from maskwright.evaluation.semantic.boundary import boundary_counts, with_boundary_scores
from maskwright.evaluation.semantic.calibration import (
    ReliabilityBins,
    calibration_scores,
    empty_bins,
    pixel_reliability,
)
from maskwright.structures import LabelMap


@dataclass
class SemanticCounts:
    """The pixel counts of a set of images.

    ``confusion`` is the confusion matrix ``(classes, classes)`` int64, with background among the ``classes``.
    :meth:`add_details` fills ``boundaries`` ``(classes, 2)`` int64 and the calibration ``bins``; see
    :mod:`maskwright.evaluation.semantic.boundary` and :mod:`maskwright.evaluation.semantic.calibration`.
    """

    confusion: semantic.Confusion
    boundaries: npt.NDArray[np.int64]
    bins: ReliabilityBins

    @classmethod
    def none(cls, classes: int) -> "SemanticCounts":
        """Return counts without an image."""
        return cls(np.zeros((classes, classes), np.int64), np.zeros((classes, 2), np.int64), empty_bins())

    def add(self, truth: LabelMap, prediction: LabelMap, ignore_index: int) -> None:
        """Count the pixels of one image in the confusion matrix.

        ``truth`` and ``prediction`` are ``(H, W)``. Pixels whose truth is ``ignore_index`` do not count.
        """
        self.confusion += semantic.confusion(truth, prediction, len(self.confusion), ignore_index)

    def add_details(
        self, truth: LabelMap, prediction: LabelMap, confidence: npt.NDArray[np.float32], ignore_index: int
    ) -> None:
        """Count the boundary pixels of one image, and the ``confidence`` ``(H, W)`` of its predicted labels."""
        self.boundaries += boundary_counts(truth, prediction, len(self.boundaries), ignore_index)
        self.bins += pixel_reliability(confidence, prediction, truth, ignore_index)

    def merge(self, other: "SemanticCounts") -> None:
        """Add the counts of ``other`` images."""
        self.confusion += other.confusion
        self.boundaries += other.boundaries
        self.bins += other.bins

    def scores(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the semantic scores by class name, those of the all-background ``baseline``, and the ``protocol``.

        See :func:`~maskwright.evaluation.semantic.scores.semantic_scores`.
        """
        baseline = semantic.semantic_scores(semantic.baseline(self.confusion), names)
        scores = semantic.semantic_scores(self.confusion, names)
        return {**scores, "baseline": baseline, "protocol": semantic.PROTOCOL}

    def detailed_scores(self, names: Sequence[str]) -> dict[str, Any]:
        """Return :meth:`scores` with boundary IoU per class and its mean, calibration, and the confusion matrix.

        A class without a boundary in truth and prediction has None and is not in ``boundary_mIoU``.
        """
        confusion = {"rows": "truth", "names": list(names), "pixels": self.confusion.tolist()}
        return {
            **with_boundary_scores(self.scores(names), self.boundaries, names),
            "calibration": calibration_scores(self.bins),
            "confusion": confusion,
        }
