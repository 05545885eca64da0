"""Overlap of all predicted objects of an image with all true ones, whichever belongs to which: its union IoU."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.structures import Rle


@dataclass(frozen=True)
class Overlap:
    """Pixels of one image: under true objects, under predictions, and under both; crowd regions do not count."""

    true: int
    predicted: int
    both: int

    @property
    def iou(self) -> float | None:
        """Intersection over union; None when there is neither truth nor prediction."""
        union = self.true + self.predicted - self.both
        return self.both / union if union else None

    @property
    def dice(self) -> float | None:
        """Twice the intersection over the sum; None when there is neither truth nor prediction."""
        total = self.true + self.predicted
        return 2 * self.both / total if total else None


def foreground(truth: Sequence[Rle], crowd: Sequence[Rle], predicted: Sequence[Rle]) -> Overlap:
    """The overlap of the union of ``predicted`` with the union of ``truth``, all RLEs of one image.

    Pixels of a crowd region that belong to no object of the truth count neither for nor against a prediction.
    """
    true_area = _area(truth)
    if not predicted:
        return Overlap(true_area, 0, 0)
    prediction = coco_mask.merge(list(predicted))
    both = _shared(prediction, truth)
    # In the crowd and in no object: what crowd and truth cover together, less what the truth covers.
    ignored = _shared(prediction, [*truth, *crowd]) - both if crowd else 0
    return Overlap(true_area, int(coco_mask.area(prediction)) - ignored, both)


def foreground_scores(overlaps: Iterable[Overlap]) -> dict[str, Any]:
    """``{"mean_IoU", "mean_Dice", "images"}``: plain means over the images that have a true or predicted object."""
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
