"""One Cityscapes image: its truth, and the overlap of its predictions, mask files or RLEs, with that truth."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.errors import DataError
from maskwright.evaluation.cityscapes.layout import Prediction
from maskwright.evaluation.cityscapes.matching import (
    CLASS_OF_LABEL,
    CityscapesMatches,
    PredictedObjects,
    TrueObjects,
    count_covered,
    match_predictions,
    true_objects,
)
from maskwright.masks.binary_png import read_mask
from maskwright.masks.buffers import Buffers
from maskwright.masks.cropped import CroppedMask, crop_masks
from maskwright.masks.gray_png import read_gray_label_map
from maskwright.structures import Rle

_NAMES = {label.id: label.name for label in LABELS}

# A mask, its class (a position in INSTANCE_LABELS) and its confidence.
ScoredMask = tuple[CroppedMask, int, float]


class MeasuredImage(NamedTuple):
    """The truth of an image, the pixels its predictions share with it, and the number of rejected ones by reason."""

    truth: TrueObjects
    predictions: PredictedObjects
    rejected: Counter[str]

    def match(self) -> tuple[CityscapesMatches, Counter[str]]:
        """Return the matches of the predictions by the official rules, and the number of rejected ones by reason."""
        return match_predictions(self.truth, self.predictions), self.rejected


_memory = threading.local()


def _buffers() -> Buffers:
    """Return the calling thread's memory, which is used again for image after image."""
    if not hasattr(_memory, "buffers"):
        _memory.buffers = Buffers()
    return _memory.buffers


def measure_mask_files(truth: Path, predictions: Sequence[Prediction]) -> MeasuredImage:
    """Measure the mask files of one image's ``predictions`` against ``truth``, its ``instanceIds`` file.

    Empty masks and labels whose instances are not scored are rejected. Raises ``DataError`` for a file that cannot be
    read, a mask of another size than the image, and a label or instance id that Cityscapes does not have.
    """
    ids = read_gray_label_map(truth, _buffers())
    left_out: Counter[str] = Counter()
    return _measure_image(truth, ids, _from_files(predictions, ids.shape, left_out), left_out)


def measure_rles(truth: Path, predictions: Sequence[tuple[Rle, int, float]]) -> MeasuredImage:
    """Measure predicted RLEs of one image against ``truth``, its ``instanceIds`` file.

    ``predictions`` are RLEs of the image's size, each with a class, its position in ``INSTANCE_LABELS``, and a
    confidence. Empty masks are rejected. Raises ``DataError`` when ``truth`` cannot be read or has a value that is no
    id of Cityscapes.
    """
    regions = crop_masks([rle for rle, _, _ in predictions])
    scored = [(region, label, score) for region, (_, label, score) in zip(regions, predictions, strict=True)]
    return _measure_image(truth, read_gray_label_map(truth, _buffers()), scored, Counter())


def _measure_image(
    path: Path, ids: npt.NDArray[np.integer], predictions: Iterable[ScoredMask], rejected: Counter[str]
) -> MeasuredImage:
    truth = true_objects(ids, str(path))
    return MeasuredImage(truth, measure_predictions(ids, truth, predictions, rejected), rejected)


def measure_predictions(
    ids: npt.NDArray[np.integer], truth: TrueObjects, predictions: Iterable[ScoredMask], rejected: Counter[str]
) -> PredictedObjects:
    """Return the pixels that each prediction shares with the objects of ``truth``.

    ``ids`` ``(H, W)`` is the instance image of the truth. Masks without a pixel are counted in ``rejected``.
    """
    rows = []
    for region, label, confidence in predictions:
        values = _under(region.mask, ids[region.box])
        if values.size:
            void, shared = count_covered(values, truth)
            rows.append((label, confidence, values.size, void, shared))
        else:
            rejected["empty_mask"] += 1
    labels, confidences, pixels, voids, shares = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return PredictedObjects(
        np.array(labels, np.int64),
        np.array(confidences, np.float64),
        np.array(pixels, np.int64),
        np.array(voids, np.int64),
        np.array(shares, np.int64).reshape(len(rows), len(truth.ids)),
    )


def _under(mask: npt.NDArray[np.bool_], ids: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return the ``ids`` ``(h, w)`` under ``mask`` in any order; along columns where an RLE laid it out so: faster."""
    return ids.T[mask.T] if mask.strides[0] < mask.strides[1] else ids[mask]


def _from_files(
    predictions: Iterable[Prediction], size: tuple[int, ...], rejected: Counter[str]
) -> Iterable[ScoredMask]:
    for prediction in predictions:
        if prediction.label not in _NAMES:
            raise DataError(
                f"{prediction.mask}: its label id is {prediction.label}; expected one of Cityscapes' ids, 24 to 33 for "
                "objects. Write ids, not training ids."
            )
        if prediction.label not in CLASS_OF_LABEL:
            rejected["class_not_scored"] += 1
            continue
        region = read_mask(prediction.mask, _buffers())
        if region.size != size:
            raise DataError(
                f"{prediction.mask}: is {region.size[1]}×{region.size[0]} pixels, its image {size[1]}×{size[0]} "
                "(width×height); expected one size. Write masks at the size of the image."
            )
        yield region, CLASS_OF_LABEL[prediction.label], prediction.confidence
