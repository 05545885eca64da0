"""COCO AP of weighted images, computed from the matches of one evaluation.

An image of weight 2 counts as two equal images, one of weight 0 not at all. Matching stays within an image and is not
repeated; only the precision-recall curve over all images changes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco import COCOeval

from maskwright.evaluation.bootstrap import Weights, defined_mean

_EPSILON = np.spacing(1)  # pycocotools adds it to the denominator of precision
_MOST_NUMBERS = 1 << 22

SIZES = ("all", "small", "medium", "large")


@dataclass(frozen=True)
class Ranked:
    """The D detections of one class and area range, most confident first, and the number of objects on each image.

    ``image`` ``(D,)`` int64 are positions of images. ``right`` and ``counted`` ``(T, D)`` bool say at each IoU
    threshold which detections find an object and which are not ignored. ``objects`` ``(N,)`` int64 counts the objects
    of each image.
    """

    image: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    objects: npt.NDArray[np.int64]


@dataclass(frozen=True)
class MatchRecords:
    """The matches of an evaluation: ``cells[k][a]`` for category ``categories[k]`` and area range ``SIZES[a]``.

    ``recalls`` are the recall points at which precision is averaged.
    """

    categories: list[int]
    cells: list[list[Ranked]]
    recalls: npt.NDArray[np.float64]

    def precision(self, weights: Weights) -> npt.NDArray[np.float64]:
        """Return AP ``(B, K, A, T)`` of the images with ``weights`` ``(B, N)``; NaN where a class has no object."""
        return np.stack(
            [np.stack([_precision(cell, weights, self.recalls) for cell in row], axis=1) for row in self.cells], axis=1
        )


def match_records(evaluation: COCOeval, images: Sequence[int]) -> MatchRecords:
    """Return the matches of ``evaluation``, which has been evaluated; ``images`` are the image ids in weight order."""
    position = {image: place for place, image in enumerate(images)}
    ranges = [tuple(each) for each in evaluation.params.area_rng]
    found: dict[tuple[int, tuple[float, ...]], list[dict[str, Any]]] = defaultdict(list)
    for each in evaluation.eval_imgs:
        if each is not None:
            found[each["category_id"], tuple(each["aRng"])].append(each)
    thresholds = len(evaluation.params.iou_thrs)
    categories = list(evaluation.params.cat_ids)
    cells = [[_ranked(found[k, a], position, thresholds) for a in ranges] for k in categories]
    return MatchRecords(categories, cells, np.asarray(evaluation.params.rec_thrs, np.float64))


def coco_statistics(precision: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Return ``AP AP50 AP75 APs APm APl``, each ``(B,)``, from AP ``(B, K, A, T)`` at COCO's ten IoU thresholds."""
    whole = precision[:, :, 0]
    return {
        "AP": defined_mean(whole, axis=(1, 2)),
        "AP50": defined_mean(whole[:, :, 0], axis=1),
        "AP75": defined_mean(whole[:, :, 5], axis=1),
        **{f"AP{size[0]}": defined_mean(precision[:, :, a], axis=(1, 2)) for a, size in enumerate(SIZES) if a},
    }


def _ranked(images: list[dict[str, Any]], position: Mapping[int, int], thresholds: int) -> Ranked:
    images = sorted(images, key=lambda each: position[each["image_id"]])
    scores = np.concatenate([np.zeros(0), *(each["dtScores"] for each in images)])
    owner = [np.full(len(each["dtScores"]), position[each["image_id"]]) for each in images]
    nothing = np.zeros((thresholds, 0), np.bool_)
    matched = np.concatenate([nothing, *(_flags(each["dtMatched"], thresholds) for each in images)], axis=1)
    ignored = np.concatenate([nothing, *(_flags(each["dtIgnore"], thresholds) for each in images)], axis=1)
    objects = np.zeros(len(position), np.int64)
    for each in images:
        objects[position[each["image_id"]]] = len(each["gtIgnore"]) - sum(map(bool, each["gtIgnore"]))
    order = np.argsort(-scores, kind="stable")
    matched, counted = matched[:, order], ~ignored[:, order]
    image = np.concatenate([np.zeros(0, np.int64), *owner])[order].astype(np.int64)
    # Nothing after the last right detection changes the curve.
    last = np.flatnonzero((matched & counted).any(axis=0)).max(initial=-1) + 1
    return Ranked(image[:last], (matched & counted)[:, :last], counted[:, :last], objects)


def _flags(rows: Sequence[Sequence[Any]], thresholds: int) -> npt.NDArray[np.bool_]:
    return np.asarray(rows, np.bool_).reshape(thresholds, -1)


def _precision(cell: Ranked, weights: Weights, recalls: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return AP ``(B, T)`` of one class and area range."""
    step = max(1, _MOST_NUMBERS // max(1, cell.image.size))
    parts = [_precision_of(cell, weights[start : start + step], recalls) for start in range(0, len(weights), step)]
    return np.concatenate([np.zeros((0, len(cell.right))), *parts])


def _precision_of(cell: Ranked, weights: Weights, recalls: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    objects = weights @ cell.objects
    drawn = weights[:, cell.image]
    ap = np.zeros((len(weights), len(cell.right)))
    ranks: dict[bytes, npt.NDArray[np.int64]] = {}
    for t, (right, counted) in enumerate(zip(cell.right, cell.counted, strict=True)):
        key = counted.tobytes()
        if key not in ranks:  # the slowest step, with the same result at most thresholds
            ranks = {key: np.cumsum(drawn * counted, axis=1)}
        hits = np.cumsum(drawn[:, right], axis=1)
        precision = hits / (ranks[key][:, right] + _EPSILON)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        recall = hits / np.maximum(objects, 1)[:, None]
        # The number of recall points that each right detection is the first to reach.
        reached = np.searchsorted(recalls, recall, side="right")
        ap[:, t] = (envelope * np.diff(reached, axis=1, prepend=0)).sum(axis=1) / len(recalls)
    ap[objects == 0] = np.nan
    return ap
