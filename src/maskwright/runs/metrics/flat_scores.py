"""The scores of an evaluation under flat names: overall ones as ``mIoU``, those of a class as ``IoU/person``."""

from typing import Any

from maskwright.training.state import Scores

# The columns of a class in an evaluation, by the names of their metrics.
_OF_PIXELS = {"IoU": "IoU", "Dice": "Dice", "accuracy": "accuracy"}
_OF_SEGMENTS = {"PQ": "PQ"}
_OF_OBJECTS = {"segm_AP": "segm", "segm_AP50": "segm50", "bbox_AP": "bbox", "bbox_AP50": "bbox50"}


def flat_scores(scores: dict[str, Any]) -> Scores:
    """Return the ``scores`` of an evaluation under flat names.

    Semantic ones are ``mIoU``, ``mean_dice`` and so on, and ``IoU/NAME``, ``Dice/NAME`` and ``accuracy/NAME`` of each
    class. Those of instances are ``segm_AP``, ``bbox_AP50`` and so on, and ``segm_AP/NAME``, ``segm_AP50/NAME``,
    ``bbox_AP/NAME`` and ``bbox_AP50/NAME`` of each class. Panoptic ones are ``PQ``, ``PQ_things``, ``PQ_stuff`` and so
    on, and ``PQ/NAME`` of each class.
    """
    flat: Scores = {key: value for key, value in scores.items() if isinstance(value, float) or value is None}
    for kind in ("segm", "bbox"):
        flat |= {f"{kind}_{key}": value for key, value in scores.get(kind, {}).items()}
    for kind in ("things", "stuff"):
        flat |= {f"{key}_{kind}": value for key, value in scores.get(kind, {}).items()}
    columns = _OF_OBJECTS if "segm" in scores else _OF_SEGMENTS if "PQ" in scores else _OF_PIXELS
    for metric, column in columns.items():
        flat |= {f"{metric}/{name}": row.get(column) for name, row in scores["classes"].items()}
    return flat


def flat_baseline(scores: dict[str, Any]) -> Scores:
    """Return the baseline of the ``scores`` of an evaluation as ``baseline_mIoU``; nothing for those of instances."""
    return {"baseline_mIoU": scores["baseline"]["mIoU"]} if "baseline" in scores else {}
