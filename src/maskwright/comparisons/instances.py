"""The COCO scores of several models of instances on the same images, for paired comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.comparisons.paired import Measure, Values
from maskwright.evaluation.bootstrap import Weights, ratio
from maskwright.evaluation.coco.matcher import match_records
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.coco.weighted import MatchRecords, SampledScores
from maskwright.evaluation.results.records import Results
from maskwright.structures import AreaRule

# As in runs and in Detectron2.
AREA: AreaRule = "mask"


@dataclass(frozen=True)
class InstanceModels:
    """The matches of each training of each model: ``records[model][training][kind]`` for ``segm`` and ``bbox``.

    ``names`` are the classes by category id, ``images`` their number.
    """

    images: int
    names: Mapping[int, str]
    records: Sequence[Sequence[Mapping[str, MatchRecords]]]

    @property
    def kinds(self) -> list[str]:
        """The IoU types that all models have, masks first."""
        every = [training for trainings in self.records for training in trainings]
        return [kind for kind in ("segm", "bbox") if all(kind in each for each in every)]

    @property
    def headline(self) -> Measure:
        """Mask AP, or box AP where masks are not compared."""
        return Measure(f"{self.kinds[0]} AP")

    @property
    def trainings(self) -> list[int]:
        """The number of trainings of each model."""
        return [len(each) for each in self.records]

    def scores(self, model: int, training: int, weights: Weights) -> dict[Measure, Values]:
        """Return AP of all classes, by IoU and size, and of each class; see :class:`ComparedScores`."""
        records = self.records[model][training]
        return self._flat({kind: records[kind].scores(weights) for kind in self.kinds})

    def exchanged(
        self, one: tuple[int, int], other: tuple[int, int], swapped: npt.NDArray[np.bool_]
    ) -> dict[Measure, Values]:
        """Return the differences of AP where images are swapped; see :class:`ComparedScores`."""
        first, second = (self.records[model][training] for model, training in (one, other))
        # Of each image either model has the detections of one: images of weight 0 are those of the other.
        sides = np.concatenate([np.hstack([~swapped, swapped]), np.hstack([swapped, ~swapped])])
        both = self._flat({kind: first[kind].beside(second[kind]).scores(sides) for kind in self.kinds})
        count = len(swapped)
        return {measure: values[count:] - values[:count] for measure, values in both.items()}

    def image_scores(self, model: int, score: float) -> Values:
        """Return the mean :func:`image_f1` over the trainings of a model ``(N,)``."""
        return np.mean([image_f1(each[self.kinds[0]], score) for each in self.records[model]], axis=0)

    def _flat(self, scores: Mapping[str, SampledScores]) -> dict[Measure, Values]:
        found: dict[Measure, Values] = {}
        for kind, values in scores.items():
            found |= {Measure(f"{kind} {name}"): each for name, each in values.overall.items()}
            for name, each in zip(self.names.values(), values.ap, strict=True):
                found[Measure(f"{kind} AP", name)] = each
        return found


def instance_records(truth: CocoTruth, results: Results, kinds: Sequence[str]) -> dict[str, MatchRecords]:
    """Match ``results`` with the objects of ``truth``, whose masks are RLEs, by COCO's rules for each of ``kinds``."""
    return {kind: match_records(truth.coco_dataset(kind), results.of(kind, AREA), kind) for kind in kinds}


def image_f1(records: MatchRecords, score: float) -> Values:
    """Return F1 of each image ``(N,)``: of detections of at least ``score``, averaged over IoU 0.50:0.05:0.95.

    An image without objects and without such detections has 1.
    """
    count = len(records.cells[0][0].objects)
    thresholds = len(records.cells[0][0].right)
    right, found = np.zeros((thresholds, count)), np.zeros((thresholds, count))
    objects = np.zeros(count)
    for cell, *_ in records.cells:
        kept = cell.score >= score
        objects += cell.objects
        for t in range(thresholds):
            right[t] += np.bincount(cell.image[kept & cell.right[t]], minlength=count)
            found[t] += np.bincount(cell.image[kept & cell.counted[t]], minlength=count)
    values = ratio(2 * right, found + objects)
    return np.where(np.isnan(values), 1.0, values).mean(axis=0)
