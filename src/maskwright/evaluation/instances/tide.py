"""The error types of TIDE and what each costs in AP.

The numbers are those of the authors' tool tidecv 1.0.1, as fractions. Source: D. Bolya, S. Foley, J. Hays, J. Hoffman,
"TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020, arXiv:2008.08115.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.grouping import places_by_value
from maskwright.evaluation.instances.image_errors import (
    BACKGROUND_ERROR,
    CLASS_AND_LOCALISATION_ERROR,
    CLASS_ERROR,
    DUPLICATE_ERROR,
    LOCALISATION_ERROR,
    DetectionErrors,
)

IOU, BACKGROUND_IOU = 0.5, 0.1

TIDE_ERRORS = {
    "Cls": "class wrong, place right",
    "Loc": "class right, place inexact",
    "Both": "class wrong and place inexact",
    "Dupe": "object found a second time",
    "Bkg": "nothing there",
    "Miss": "object not found",
}

_FALSE = {
    "Cls": CLASS_ERROR,
    "Loc": LOCALISATION_ERROR,
    "Both": CLASS_AND_LOCALISATION_ERROR,
    "Dupe": DUPLICATE_ERROR,
    "Bkg": BACKGROUND_ERROR,
}

# Written x / 100: COCO's evaluator has 0.28000000000000003 for 28 / 100, and so misses a recall of 7 / 25.
_RECALLS = np.arange(101) / 100
# Detections of a class whose AP is kept.
_SHORT = 256


def tide_scores(errors: DetectionErrors, categories: Sequence[int]) -> dict[str, Any]:
    """Return ``{"AP", "iou", "background_iou", "errors": {type: {"count", "dAP", "meaning"}}, "FP", "FN"}``.

    ``errors`` were found image by image at ``IOU`` and ``BACKGROUND_IOU``; ``categories`` are the ids of all classes.
    dAP is how much AP at ``IOU`` gains when all errors of the type are fixed, 0 where it would fall. FP and FN are the
    gains without any false positive and without any miss. ``AP`` is None without an object.

    Each AP is a mean over the classes that have an object or a detection, as in tidecv. One with detections only counts
    as 0 there, where COCO's AP leaves it out.
    """
    wrong, right = np.flatnonzero(~errors.right & ~errors.on_crowd), np.flatnonzero(errors.right)
    there = Counter(errors.true_category.tolist())
    objects = {category: there[category] for category in categories}
    every = np.sort(np.append(wrong, right))
    whole = _mean_ap(_Ranking.of(errors, every), objects)
    # In tidecv a ranking with errors has the wrong detections first, which matters where scores are equal.
    unfixed = _Ranking.of(errors, np.append(wrong, right))
    gains = {name: max(0.0, _mean_ap(_fixed(errors, kind), objects) - whole) for name, kind in _FALSE.items()}
    lost = _lost(errors)
    gains["Miss"] = max(0.0, _mean_ap(unfixed, _without(objects, errors.true_category[lost])) - whole)
    counts = {name: int((errors.kind == kind).sum()) for name, kind in _FALSE.items()} | {"Miss": int(lost.sum())}
    return {
        "AP": whole if len(errors.found) else None,
        "iou": IOU,
        "background_iou": BACKGROUND_IOU,
        "errors": {
            name: {"count": counts[name], "dAP": gains[name], "meaning": meaning}
            for name, meaning in TIDE_ERRORS.items()
        },
        "FP": _mean_ap(unfixed._replace(score=unfixed.right.astype(np.float64)), objects) - whole,
        "FN": _mean_ap(unfixed, _without(objects, errors.true_category[~errors.found])) - whole,
    }


class _Ranking(NamedTuple):
    """Detections ``(N,)`` by category and score, and whether each is right; equal scores keep their order."""

    category: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, errors: DetectionErrors, chosen: npt.NDArray[np.int64]) -> "_Ranking":
        """Return the detections at the positions ``chosen``, as they are."""
        return cls(errors.category[chosen], errors.score[chosen], errors.right[chosen])


def _fixed(errors: DetectionErrors, kind: int) -> _Ranking:
    """Return the detections with the errors of one ``kind`` fixed.

    Where an object is given to a detection it finds that and takes its class; the others with this error are removed.
    """
    mended = (errors.kind == kind) & (errors.fixes >= 0)
    kept = np.flatnonzero(mended | (~errors.right & ~errors.on_crowd & (errors.kind != kind)))
    chosen = np.append(kept, np.flatnonzero(errors.right))
    category, mends = errors.category[chosen], mended[chosen]
    category[mends] = errors.true_category[errors.fixes[chosen][mends]]
    return _Ranking(category, errors.score[chosen], errors.right[chosen] | mends)


def _mean_ap(ranking: _Ranking, objects: dict[int, int]) -> float:
    """Return the mean AP over the classes with a detection or an object; ``objects`` are counts by category id."""
    own = places_by_value(ranking.category)
    values = [
        _average_precision(ranking.score[own[category]], ranking.right[own[category]], count)
        if category in own
        else 0.0
        for category, count in objects.items()
        if count or category in own
    ]
    return sum(values) / len(values) if values else 0.0


def _average_precision(scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], objects: int) -> float:
    """Return the mean, over 101 recalls, of the highest precision at that recall or above; 0 without an object."""
    if not objects or not right.any():
        return 0.0
    ranked = right[np.argsort(-scores, kind="stable")]
    # Most errors leave most classes as they are, and rare classes are alike.
    return _short_precision(ranked.tobytes(), objects) if len(ranked) <= _SHORT else _ranked_precision(ranked, objects)


@lru_cache(maxsize=1 << 14)
def _short_precision(right: bytes, objects: int) -> float:
    return _ranked_precision(np.frombuffer(right, np.bool_), objects)


def _ranked_precision(right: npt.NDArray[np.bool_], objects: int) -> float:
    true = np.cumsum(right)
    precision = np.maximum.accumulate((true / np.arange(1, len(true) + 1))[::-1])[::-1]
    reached = np.searchsorted(true / objects, _RECALLS)
    return float(precision[reached[reached < len(true)]].sum() / len(_RECALLS))


def _without(objects: dict[int, int], categories: npt.NDArray[np.int64]) -> dict[int, int]:
    """Return the counts of ``objects`` by category id without one object of each of the ``categories``."""
    taken = Counter(categories.tolist())
    return {category: count - taken[category] for category, count in objects.items()}


def _lost(errors: DetectionErrors) -> npt.NDArray[np.bool_]:
    """Return the objects ``(M,)`` bool that no detection finds even when every error is fixed."""
    lost = ~errors.found
    lost[errors.fixes[errors.fixes >= 0]] = False
    return lost
