"""The error types of TIDE and what each costs in AP.

Source: D. Bolya, S. Foley, J. Hays, J. Hoffman, "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV
2020, arXiv:2008.08115.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco.metrics import average_precision

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


def tide_scores(errors: DetectionErrors, categories: Sequence[int]) -> dict[str, Any]:
    """Return ``{"AP", "iou", "background_iou", "errors": {type: {"count", "dAP", "meaning"}}, "FP", "FN"}``.

    ``errors`` were found image by image at ``IOU`` and ``BACKGROUND_IOU``; ``categories`` are the ids of all classes.
    dAP is how much AP at ``IOU`` gains when all errors of the type are fixed. FP and FN are the gains without any false
    positive and without any miss. Each is a mean over the classes that have truth. ``AP`` is None without an object.
    """
    matches = errors.matches
    rows = [_gains(errors, category) for category in categories if (matches.true_category == category).any()]
    means = {
        key: sum(row[key] for row in rows) / len(rows) if rows else 0.0 for key in ("AP", *TIDE_ERRORS, "FP", "FN")
    }
    counts = {name: int((errors.kind == kind).sum()) for name, kind in _FALSE.items()}
    counts["Miss"] = int(_lost(errors).sum())
    return {
        "AP": means["AP"] if rows else None,
        "iou": IOU,
        "background_iou": BACKGROUND_IOU,
        "errors": {
            kind: {"count": counts[kind], "dAP": means[kind], "meaning": meaning}
            for kind, meaning in TIDE_ERRORS.items()
        },
        "FP": means["FP"],
        "FN": means["FN"],
    }


def _gains(errors: DetectionErrors, category: int) -> dict[str, float]:
    """Return the AP of a class, and how much it gains with all errors of each type fixed."""
    matches = errors.matches
    own, objects = matches.category == category, matches.true_category == category
    total, missed = int(objects.sum()), int((objects & np.isnan(matches.found_at)).sum())

    def ap(detections: npt.NDArray[np.bool_], fixed: npt.NDArray[np.bool_], count: int = total) -> float:
        """Compute AP of the class's ``detections`` and of those ``fixed`` to right ones, of ``count`` objects."""
        chosen, more = np.flatnonzero(own & (detections | fixed)), np.flatnonzero(fixed & ~own)
        right = np.append((matches.right | fixed)[chosen], np.ones(len(more), np.bool_))
        return average_precision(matches.score[np.append(chosen, more)], right, count)

    every, none = np.ones(len(own), np.bool_), np.zeros(len(own), np.bool_)
    aimed = errors.fixes >= 0
    aimed[aimed] = objects[errors.fixes[aimed]]
    # A fixed detection finds its object and takes its class; the other detections with this error are removed.
    found = {kind: aimed & (errors.kind == kind) for kind in (LOCALISATION_ERROR, CLASS_ERROR)}
    whole = ap(every, none)
    gains = {name: ap(errors.kind != kind, found.get(kind, none)) - whole for name, kind in _FALSE.items()}
    gains["Miss"] = ap(every, none, total - int((objects & _lost(errors)).sum())) - whole
    gains["FP"] = ap(matches.right, none) - whole
    gains["FN"] = ap(every, none, total - missed) - whole
    return {"AP": whole, **gains}


def _lost(errors: DetectionErrors) -> npt.NDArray[np.bool_]:
    """Return the objects ``(M,)`` bool that no detection finds even when every error is fixed."""
    lost = np.isnan(errors.matches.found_at)
    lost[errors.fixes[errors.fixes >= 0]] = False
    return lost
