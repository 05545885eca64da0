"""Cityscapes pixel scores by the official rules, from one confusion matrix over the data set.

True pixels of ignored labels do not count. IoU = TP / (TP + FP + FN), where a pixel predicted as an ignored label is a
miss of its class. The instance-weighted iIoU replaces TP and FN by weighted sums: each object's pixels weigh the
average size of its class over the size of the object, so that small objects count as much as large ones. Categories
merge their labels. Means are over the classes or categories that occur. The rules are those of the script published
with the data set (``evalPixelLevelSemanticLabeling``).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, INSTANCE_LABELS, LABELS
from maskwright.errors import DataError
from maskwright.evaluation.semantic.intervals import ClassCounts
from maskwright.evaluation.semantic.scores import Confusion

PROTOCOL = (
    "Cityscapes pixel evaluation: dataset confusion matrix, ignored labels of the truth left out, means over the "
    "classes that occur; comparable with published numbers of the official script"
)

# Average size of an object in pixels, measured on the training set by the authors of the data set.
AVERAGE_SIZES = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}

_COUNT = len(LABELS)
_SCORED = [label for label in LABELS if not label.ignored]
_SCORED_IDS = [label.id for label in _SCORED]

_CATEGORIES = {
    category: [label.id for label in _SCORED if label.category == category]
    for category in dict.fromkeys(label.category for label in _SCORED)
}
# Categories all of whose labels have instances; a car taken for an ignored caravan is in the right category.
_INSTANCE_CATEGORIES = {
    category: [label.id for label in LABELS if label.category == category]
    for category in dict.fromkeys(label.category for label in INSTANCE_LABELS)
}


@dataclass
class PixelCounts:
    """The pixel counts of a set of images: the confusion matrix by label id, rows are truth, and weighted object sums.

    ``confusion`` is ``(L, L)`` int64 for L labels. ``found`` and ``lost`` ``(L,)`` float64 hold the weighted pixels of
    the objects of each label, with the right predicted label and without. ``category_found`` and ``category_lost``
    count a label of the right category as found. ``weighted`` is true when an image with instances was counted.
    """

    confusion: Confusion = field(default_factory=lambda: np.zeros((_COUNT, _COUNT), np.int64))
    found: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(_COUNT))
    lost: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(_COUNT))
    category_found: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(_COUNT))
    category_lost: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(_COUNT))
    weighted: bool = False

    def __iadd__(self, other: "PixelCounts") -> "PixelCounts":
        """Add the counts of other images in place."""
        for name in ("confusion", "found", "lost", "category_found", "category_lost"):
            getattr(self, name)[...] += getattr(other, name)
        self.weighted |= other.weighted
        return self


def pixel_counts(
    truth: npt.NDArray[np.integer[Any]],
    prediction: npt.NDArray[np.integer[Any]],
    instance_ids: npt.NDArray[np.integer[Any]] | None = None,
    source: str = "the prediction",
) -> PixelCounts:
    """Count the pixels of one image from label ids ``(H, W)``.

    ``instance_ids`` ``(H, W)``, the truth's instance image, adds the counts for iIoU. ``source`` names the prediction
    in messages. Raises ``DataError`` for maps of different sizes and for values that are no label id.
    """
    _check(truth, prediction, source)
    joint = np.bincount((truth.astype(np.uint16) * _COUNT + prediction).ravel(), minlength=_COUNT**2)
    counts = PixelCounts(joint.reshape(_COUNT, _COUNT).astype(np.int64))
    if instance_ids is not None:
        counts.weighted = True
        _add_objects(counts, prediction, instance_ids, source)
    return counts


def pixel_scores(counts: PixelCounts) -> dict[str, Any]:
    """Compute IoU by class and category, iIoU by class and category with instances, and the mean of each.

    Returns ``{"mIoU", "classes": {name: IoU}, "mean_iIoU", "class_iIoU", "category_mIoU", "categories",
    "category_mean_iIoU", "category_iIoU", "protocol"}``. A score is None where a class occurs neither in truth nor in
    prediction. Without instances every iIoU is None.
    """
    confusion = counts.confusion
    classes = {label.name: _iou(confusion, [label.id]) for label in _SCORED}
    categories = {name: _iou(confusion, ids) for name, ids in _CATEGORIES.items()}
    weighted = {
        label.name: _weighted_iou(counts.found[label.id], counts.lost[label.id], _false(confusion, [label.id]))
        for label in INSTANCE_LABELS
    }
    category_weighted = {
        name: _weighted_iou(counts.category_found[ids].sum(), counts.category_lost[ids].sum(), _false(confusion, ids))
        for name, ids in _INSTANCE_CATEGORIES.items()
    }
    if not counts.weighted:
        weighted, category_weighted = dict.fromkeys(weighted), dict.fromkeys(category_weighted)
    return {
        "mIoU": _mean(classes),
        "classes": classes,
        "mean_iIoU": _mean(weighted),
        "class_iIoU": weighted,
        "category_mIoU": _mean(categories),
        "categories": categories,
        "category_mean_iIoU": _mean(category_weighted),
        "category_iIoU": category_weighted,
        "protocol": PROTOCOL,
    }


def class_pixel_counts(counts: PixelCounts) -> ClassCounts:
    """Return the pixels of each scored class in the counts of one image, for bootstrap intervals of IoU."""
    hits = [int(counts.confusion[label, label]) for label in _SCORED_IDS]
    truth = [int(counts.confusion[label].sum()) for label in _SCORED_IDS]
    predicted = [hit + _false(counts.confusion, [label]) for hit, label in zip(hits, _SCORED_IDS, strict=True)]
    none = [0] * len(hits)
    return np.array([hits, truth, predicted, none, none])


def _iou(confusion: Confusion, ids: list[int]) -> float | None:
    """Return the IoU of the scored labels ``ids`` together; any other predicted label, ignored or not, is a miss."""
    hits = int(confusion[np.ix_(ids, ids)].sum())
    union = int(confusion[ids].sum()) + _false(confusion, ids)
    return hits / union if union else None


def _false(confusion: Confusion, ids: list[int]) -> int:
    """Return the number of pixels predicted as one of ``ids`` whose truth is another scored label."""
    others = [label for label in _SCORED_IDS if label not in ids]
    return int(confusion[np.ix_(others, ids)].sum())


def _weighted_iou(found: float, lost: float, false: int) -> float | None:
    union = float(found + lost + false)
    return float(found) / union if union else None


def _mean(values: dict[str, float | None]) -> float | None:
    present = [value for value in values.values() if value is not None]
    return sum(present) / len(present) if present else None


def _check(truth: npt.NDArray[Any], prediction: npt.NDArray[Any], source: str) -> None:
    if truth.shape != prediction.shape:
        raise DataError(
            f"{source}: is {prediction.shape[1]}×{prediction.shape[0]} pixels, its truth {truth.shape[1]}×"
            f"{truth.shape[0]} (width×height); expected one size. Predict at the size of the image."
        )
    for what, labels in ((f"the truth of {source}", truth), (source, prediction)):
        if labels.size and int(labels.max()) >= _COUNT:
            raise DataError(
                f"{what}: has the label {int(labels.max())}; expected Cityscapes' label ids 0 to {_COUNT - 1}. Write "
                "ids, not training ids or colours."
            )


def _add_objects(
    counts: PixelCounts, prediction: npt.NDArray[Any], instance_ids: npt.NDArray[Any], source: str
) -> None:
    if instance_ids.shape != prediction.shape:
        raise DataError(f"the instance image of {source} has another size than its labels; expected one size.")
    # The official script counts ids above 1000, not 1000 itself.
    objects = instance_ids > FIRST_INSTANCE
    pairs = np.bincount(instance_ids[objects].astype(np.int64) * _COUNT + prediction[objects])
    pairs = np.pad(pairs, (0, -len(pairs) % _COUNT)).reshape(-1, _COUNT)
    by_id = {label.id: label for label in INSTANCE_LABELS}
    for value in np.flatnonzero(pairs.any(axis=1)).tolist():
        label = by_id.get(value // FIRST_INSTANCE)
        if label is None:
            continue
        size = int(pairs[value].sum())
        weight = AVERAGE_SIZES[label.name] / size
        right = int(pairs[value, label.id])
        in_category = int(pairs[value, _INSTANCE_CATEGORIES[label.category]].sum())
        counts.found[label.id] += right * weight
        counts.lost[label.id] += (size - right) * weight
        counts.category_found[label.id] += in_category * weight
        counts.category_lost[label.id] += (size - in_category) * weight
