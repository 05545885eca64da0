"""The names of the overall scores on pages, in tables and in sweeps, the most important first."""

SEMANTIC = {"mIoU": "mean IoU", "mean_dice": "mean Dice", "pixel_accuracy": "pixel accuracy"}
INSTANCE = {"segm_AP": "mask AP", "segm_AP50": "mask AP50", "bbox_AP": "box AP", "bbox_AP50": "box AP50"}

CURVES: dict[str, dict[str, str]] = {"semantic": SEMANTIC, "instance": INSTANCE}
"""The validation scores drawn over the epochs, by their key in ``metrics.csv``. The first is the headline."""

SWEEP_SCORES: dict[str, dict[str, str]] = {
    "semantic": SEMANTIC,
    "instance": {key: name for key, name in INSTANCE.items() if key != "bbox_AP50"},
}
"""The scores by which a sweep compares its variants. The first decides which variant is best."""
