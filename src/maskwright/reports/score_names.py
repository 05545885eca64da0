"""The names of the overall scores on pages, in tables and in sweeps, the most important first."""

SEMANTIC = {"mIoU": "mean IoU", "mean_dice": "mean Dice", "pixel_accuracy": "pixel accuracy"}
INSTANCE = {"segm_AP": "mask AP", "segm_AP50": "mask AP50", "bbox_AP": "box AP", "bbox_AP50": "box AP50"}
PANOPTIC = {"PQ": "PQ", "SQ": "SQ", "RQ": "RQ", "PQ_things": "PQ of things", "PQ_stuff": "PQ of stuff"}

CURVES: dict[str, dict[str, str]] = {"semantic": SEMANTIC, "instance": INSTANCE, "panoptic": PANOPTIC}
"""The validation scores drawn over the epochs, by their key in ``metrics.csv``. The first is the headline."""

CLASS_CURVES: dict[str, dict[str, str]] = {
    "semantic": {"IoU": "IoU", "Dice": "Dice", "accuracy": "accuracy"},
    "instance": {"segm_AP": "mask AP", "bbox_AP": "box AP"},
    "panoptic": {"PQ": "PQ"},
}
"""The scores of single classes drawn over the epochs, by their key in ``metrics.csv``, which ``/NAME`` follows."""

SWEEP_SCORES: dict[str, dict[str, str]] = {
    "semantic": SEMANTIC,
    "instance": {key: name for key, name in INSTANCE.items() if key != "bbox_AP50"},
    "panoptic": PANOPTIC,
}
"""The scores by which a sweep compares its variants. The first decides which variant is best."""


def is_score(name: str) -> bool:
    """Return whether a column of ``metrics.csv``, without its part, is a score; the others of a part are losses."""
    prefixes = ("segm_", "bbox_", "mean_", "baseline_", "PQ_", "SQ_", "RQ_")
    return "/" in name or name.startswith(prefixes) or name in SEMANTIC or name in PANOPTIC
