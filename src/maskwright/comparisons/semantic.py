"""The semantic scores of several models on the same images, for paired comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.comparisons.paired import Measure, Values
from maskwright.evaluation.bootstrap import Weights, defined_mean, ratio
from maskwright.evaluation.semantic.intervals import ClassSums, sums_of_samples, weighted_scores


@dataclass(frozen=True)
class SemanticModels:
    """The pixel counts of each image of each training of each model: ``counts[model][training]`` ``(N, 5, C)``.

    They are the :func:`~maskwright.evaluation.semantic.intervals.class_pixels` of the classes ``names``.
    """

    names: Sequence[str]
    counts: Sequence[Sequence[npt.NDArray[np.int64]]]

    @property
    def images(self) -> int:
        """The number of images."""
        return len(self.counts[0][0])

    @property
    def headline(self) -> Measure:
        """Mean IoU."""
        return Measure("mIoU")

    @property
    def trainings(self) -> list[int]:
        """The number of trainings of each model."""
        return [len(each) for each in self.counts]

    def scores(self, model: int, training: int, weights: Weights) -> dict[Measure, Values]:
        """Return mIoU, mean Dice, pixel accuracy and IoU of each class; see :class:`ComparedScores`."""
        return self._flat(sums_of_samples(self.counts[model][training], weights))

    def exchanged(
        self, one: tuple[int, int], other: tuple[int, int], swapped: npt.NDArray[np.bool_]
    ) -> dict[Measure, Values]:
        """Return the differences where images are swapped; see :class:`ComparedScores`."""
        first, second = (self.counts[model][training] for model, training in (one, other))
        mine = self._flat(sums_of_samples(first, ~swapped) + sums_of_samples(second, swapped))
        theirs = self._flat(sums_of_samples(first, swapped) + sums_of_samples(second, ~swapped))
        return {measure: values - mine[measure] for measure, values in theirs.items()}

    def image_scores(self, model: int) -> Values:
        """Return the mean IoU of each image ``(N,)`` over its classes, averaged over the trainings of a model.

        An image all of whose pixels are ignored has 1.
        """
        values = []
        for counts in self.counts[model]:
            hits, truth, predicted = counts[:, :3].astype(np.float64).swapaxes(0, 1)
            iou = defined_mean(ratio(hits, truth + predicted - hits), axis=1)
            values.append(np.where(np.isnan(iou), 1.0, iou))
        return np.mean(values, axis=0)

    def _flat(self, sums: ClassSums) -> dict[Measure, Values]:
        overall, columns = weighted_scores(sums)
        found = {Measure(name): values for name, values in overall.items()}
        return found | {Measure("IoU", name): columns["IoU"][:, c] for c, name in enumerate(self.names)}
