"""Foreground IoU and Dice: the union of an image's predicted masks against the union of its true masks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.structures import Rle


@dataclass(frozen=True)
class Overlap:
    """The pixels of one image under true objects, under predictions and under both; crowd pixels are excluded."""

    true: int
    predicted: int
    both: int

    @property
    def iou(self) -> float | None:
        """The intersection over union; None when there is neither truth nor prediction."""
        union = self.true + self.predicted - self.both
        return self.both / union if union else None

    @property
    def dice(self) -> float | None:
        """Twice the intersection over the sum; None when there is neither truth nor prediction."""
        total = self.true + self.predicted
        return 2 * self.both / total if total else None


def foreground(truth: Sequence[Rle], crowd: Sequence[Rle], predicted: Sequence[Rle]) -> Overlap:
    """Compute the overlap of the union of ``predicted`` with the union of ``truth``, all RLEs of one image.

    Pixels of a ``crowd`` mask that belong to no true object count neither for nor against a prediction.
    """
    true_area = _area(truth)
    if not predicted:
        return Overlap(true_area, 0, 0)
    prediction = coco_mask.merge(list(predicted))
    both = _shared(prediction, truth)
    # Pixels on a crowd and on no object: those on crowd or truth, less those on truth.
    ignored = _shared(prediction, [*truth, *crowd]) - both if crowd else 0
    return Overlap(true_area, int(coco_mask.area(prediction)) - ignored, both)


def foreground_scores(overlaps: Iterable[Overlap]) -> dict[str, Any]:
    """Return ``{"mean_IoU", "mean_Dice", "images"}``: means over the images that have a true or predicted object."""
    present = [(each.iou, each.dice) for each in overlaps if each.iou is not None and each.dice is not None]
    iou, dice = np.mean(present, axis=0) if present else (None, None)
    return {
        "mean_IoU": None if iou is None else float(iou),
        "mean_Dice": None if dice is None else float(dice),
        "images": len(present),
    }


def _area(rles: Sequence[Rle]) -> int:
    return int(coco_mask.area(coco_mask.merge(list(rles)))) if rles else 0


def _shared(rle: Rle, others: Sequence[Rle]) -> int:
    if not others:
        return 0
    return int(coco_mask.area(coco_mask.merge([rle, coco_mask.merge(list(others))], intersect=True)))
