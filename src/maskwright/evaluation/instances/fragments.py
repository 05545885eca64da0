"""Fragments: the connected parts of masks, and how many more of them detections have than the objects they find."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.evaluation.coco.matches import ImageMatches
from maskwright.evaluation.columns import joined
from maskwright.masks.cropped import crop_masks
from maskwright.structures import ResultRecord, Rle, TruthRecord

FRAGMENTS_PROTOCOL = (
    "fragments: connected parts of a mask (8 neighbours) of the objects that are found; no published benchmark has them"
)


@dataclass(frozen=True)
class Fragments:
    """The fragments of M objects that are found: ``category`` ids, ``true`` and ``detected`` counts ``(M,)`` int64."""

    category: npt.NDArray[np.int64]
    true: npt.NDArray[np.int64]
    detected: npt.NDArray[np.int64]

    @classmethod
    def merged(cls, images: Iterable["Fragments"]) -> "Fragments":
        """Return the objects of all ``images``."""
        return joined(_NONE, images)

    def scores(self, category: int | None = None) -> dict[str, float | int | None]:
        """Return ``{"objects", "true", "detected", "more"}`` of one ``category`` id, or of all.

        ``true`` and ``detected`` are means over the found ``objects``, ``more`` is the share of those whose detection
        has more fragments than they have. They are None without a found object.
        """
        mine = np.ones(len(self.true), np.bool_) if category is None else self.category == category
        true, detected = self.true[mine], self.detected[mine]
        if not len(true):
            return {"objects": 0, "true": None, "detected": None, "more": None}
        return {
            "objects": len(true),
            "true": float(true.mean()),
            "detected": float(detected.mean()),
            "more": float((detected > true).mean()),
        }


_NONE = Fragments(*(np.zeros(0, np.int64) for _ in range(3)))


def image_fragments(
    matched: ImageMatches, objects: Sequence[TruthRecord], found: Sequence[ResultRecord], score: float
) -> Fragments:
    """Count the fragments of the objects of one image that a detection of at least ``score`` finds, and of that one.

    ``matched`` are the matches of the records ``objects`` and ``found``, all of which have an RLE.
    """
    # NaN, where no detection finds the object, is not at least the score.
    pairs = matched.matches.found_at >= score
    true = count_fragments([objects[number] for number in matched.objects[pairs]])
    detected = count_fragments([found[number] for number in matched.finders[pairs]])
    return Fragments(matched.matches.true_category[pairs], true, detected)


def count_fragments(records: Sequence[TruthRecord] | Sequence[ResultRecord]) -> npt.NDArray[np.int64]:
    """Return the number of connected parts ``(N,)`` of the mask of each of N COCO ``records``, by 8 neighbours."""
    masks = crop_masks([_in_bytes(each["segmentation"]) for each in records])
    return np.array([_parts(each.mask.view(np.uint8)) for each in masks], np.int64)


def _parts(mask: npt.NDArray[np.uint8]) -> int:
    # OpenCV stops the process at an array without pixels. It counts the background too.
    return cv2.connectedComponents(mask, connectivity=8)[0] - 1 if mask.size else 0


def _in_bytes(rle: Any) -> Rle:
    counts = rle["counts"]
    return {"size": rle["size"], "counts": counts.encode("ascii") if isinstance(counts, str) else counts}
