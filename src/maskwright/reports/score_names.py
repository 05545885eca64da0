"""What the overall scores of a task are called on pages, in tables and in sweeps, in their order of importance."""

SEMANTIC = {"mIoU": "mean IoU", "mean_dice": "mean Dice", "pixel_accuracy": "pixel accuracy"}
INSTANCE = {"segm_AP": "mask AP", "segm_AP50": "mask AP50", "bbox_AP": "box AP", "bbox_AP50": "box AP50"}

CURVES: dict[str, dict[str, str]] = {"semantic": SEMANTIC, "instance": INSTANCE}
"""The validation scores shown over the epochs, by their names in ``metrics.csv``; the first is the headline."""

SWEEP_SCORES: dict[str, dict[str, str]] = {
    "semantic": SEMANTIC,
    "instance": {key: name for key, name in INSTANCE.items() if key != "bbox_AP50"},
}
"""The scores by which the variants of a sweep are compared; the first decides which is best."""
