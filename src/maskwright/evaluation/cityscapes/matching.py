"""Matching of predictions with objects by Cityscapes' official rules, from intersections in pixels.

The rules are those of the evaluation script published with the data set (``evalInstanceLevelSemanticLabeling``):

- A prediction finds an object of its class when their IoU is *strictly* above the threshold, 0.50:0.05:0.95. Objects do
  not overlap, so that with at least 0.5 a prediction finds one object at most.
- Of several predictions that find one object, the most confident is right, the others are wrong.
- Objects below 100 pixels and regions of objects that are not told apart do not count: a prediction that finds one is
  neither right nor wrong.
- A prediction that finds nothing is wrong, unless a larger share of it than the threshold lies on ignored pixels: void
  labels, regions, small objects of its class.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, INSTANCE_LABELS, LABELS, label_id_of
from maskwright.errors import DataError

# Computed as in the official script: 0.6 is 0.6000000000000001 here, which decides a tie.
OVERLAPS: npt.NDArray[np.float64] = np.arange(0.5, 1.0, 0.05)
MINIMUM_REGION = 100

CLASS_OF_LABEL = {label.id: position for position, label in enumerate(INSTANCE_LABELS)}

_IS_VOID = np.isin(np.arange(2**16), [label.id for label in LABELS if label.ignored])
_LABEL_IDS = frozenset(label.id for label in LABELS)

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrueObjects:
    """The G objects and regions of one image that belong to a scored class.

    ``ids`` ``(G,)`` are values of the instance image, ``classes`` ``(G,)`` positions in ``INSTANCE_LABELS``, ``pixels``
    ``(G,)`` areas; all are int64.
    """

    ids: Counts
    classes: Counts
    pixels: Counts


@dataclass(frozen=True)
class PredictedObjects:
    """The P predictions on one image that cover at least one pixel.

    ``classes`` ``(P,)`` as in :class:`TrueObjects`, ``confidence`` ``(P,)`` float64, ``pixels`` ``(P,)`` areas,
    ``void`` ``(P,)`` the pixels of them that are void in the truth, ``shared`` ``(P, G)`` the pixels that belong to
    each true object.
    """

    classes: Counts
    confidence: npt.NDArray[np.float64]
    pixels: Counts
    void: Counts
    shared: Counts


@dataclass(frozen=True)
class CityscapesMatches:
    """The matches of one image's P predictions with its objects at each of T IoU thresholds, for C classes.

    ``classes`` and ``confidence`` ``(P,)`` are those of :class:`PredictedObjects`. ``right`` and ``wrong`` are ``(T,
    P)`` bool; a prediction that is neither is ignored. ``objects`` ``(C,)`` counts the objects to find, ``missed``
    ``(T, C)`` those not found.
    """

    classes: Counts
    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.bool_]
    objects: Counts
    missed: Counts


def true_objects(instance_ids: npt.NDArray[np.integer[Any]], source: str = "the truth") -> TrueObjects:
    """Return the scored objects and regions of an instance image ``(H, W)``; ``source`` names it in messages.

    Raises ``DataError`` for a value that is no label and no instance of one.
    """
    pixels = _histogram(instance_ids)
    ids = np.flatnonzero(pixels)
    labels = np.array([label_id_of(int(value)) for value in ids], np.int64)
    unknown = [int(value) for value, label in zip(ids, labels, strict=True) if label not in _LABEL_IDS]
    if unknown:
        raise DataError(
            f"{source}: has the value {unknown[0]}, which is no instance of a Cityscapes label; expected label ids 0 "
            "to 33, or 1000 times one plus a number. Use the instanceIds file."
        )
    scored = np.array([int(label) in CLASS_OF_LABEL for label in labels], np.bool_)
    classes = np.array([CLASS_OF_LABEL[int(label)] for label in labels[scored]], np.int64)
    return TrueObjects(ids[scored], classes, pixels[ids[scored]])


def count_covered(values: npt.NDArray[np.integer[Any]], truth: TrueObjects) -> tuple[int, Counts]:
    """Count the void pixels and those of each object ``(G,)`` among the pixels under a mask.

    ``values`` ``(N,)`` are the values of the truth's instance image under the mask.
    """
    labels, lengths = _runs(values)
    place = np.searchsorted(truth.ids, labels)
    known = np.append(truth.ids, -1)[place] == labels
    shared = np.bincount(place[known], lengths[known], len(truth.ids)).astype(np.int64)
    return int(lengths[_IS_VOID[labels]].sum()), shared


def match_predictions(
    truth: TrueObjects, predictions: PredictedObjects, ignored: npt.NDArray[np.bool_] | None = None
) -> CityscapesMatches:
    """Match the predictions of one image with its objects at each IoU threshold.

    ``ignored`` ``(G,)`` bool are objects that do not count; by default those below ``MINIMUM_REGION`` pixels. Regions
    never count.
    """
    ignored = truth.pixels < MINIMUM_REGION if ignored is None else ignored
    regions = truth.ids < FIRST_INSTANCE
    shared = np.where(predictions.classes[:, None] == truth.classes, predictions.shared, 0)
    union = truth.pixels + predictions.pixels[:, None] - shared
    found = shared / union > OVERLAPS[:, None, None]  # (T, P, G)
    counted = ~(regions | ignored)
    finds_counted = found[:, :, counted]
    right = _best_finder(finds_counted, predictions.confidence)
    # The official script counts the pixels of a region twice that is ignored for its size or distance as well.
    on_ignored = predictions.void + (shared * (regions.astype(np.int64) + ignored)).sum(axis=1)
    spared = on_ignored / predictions.pixels > OVERLAPS[:, None]
    wrong = (finds_counted.any(axis=2) & ~right) | (~found.any(axis=2) & ~spared)
    classes = len(INSTANCE_LABELS)
    missed = ~finds_counted.any(axis=1)
    by_class = truth.classes[counted][:, None] == np.arange(classes)
    return CityscapesMatches(
        predictions.classes,
        predictions.confidence,
        right,
        wrong,
        by_class.sum(axis=0),
        missed.astype(np.int64) @ by_class.astype(np.int64),
    )


def _histogram(values: npt.NDArray[np.integer[Any]]) -> Counts:
    """Count how often each 16-bit value of ``values`` ``(H, W)`` occurs."""
    return np.bincount(*_runs(np.ascontiguousarray(values, np.uint16).ravel()), 2**16).astype(np.int64)


def _runs(values: npt.NDArray[np.integer[Any]]) -> tuple[npt.NDArray[np.integer[Any]], Counts]:
    """Return the value and the length of each run of equal ``values`` ``(N,)``.

    A street has a few thousand runs. Finding them takes a quarter of the time of counting its pixels.
    """
    starts = np.flatnonzero(np.concatenate([np.ones(min(values.size, 1), np.bool_), values[1:] != values[:-1]]))
    return values[starts], np.diff(starts, append=values.size)


def _best_finder(finds: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which predictions ``(T, P)`` are the most confident to find some object, given ``finds`` ``(T, P, G)``."""
    if not finds.size:
        return np.zeros(finds.shape[:2], np.bool_)
    best = np.where(finds, confidence[:, None], -np.inf).argmax(axis=1)  # (T, G)
    winners = np.arange(finds.shape[1])[:, None] == best[:, None, :]
    return (winners & finds).any(axis=2)
