"""A sweep without runs behind it."""

from pathlib import Path

from maskwright.recipes.variants import variants
from maskwright.reports.sweep.outcome import Outcome, Sweep, VariantScores

NAMES = ("background", "person", "cake")


def semantic_outcome(value: str, miou: float | None, parts: tuple[str, ...] = ("validation",)) -> Outcome:
    """A finished variant of the loss ``value``; cake is absent from the data."""
    (variant,) = variants([f"loss={value}"])
    scores = VariantScores(
        {"mIoU": miou, "mean_dice": 0.5, "pixel_accuracy": 0.9},
        {"background": 0.95, "person": miou, "cake": None},
    )
    curve = {1: None, 2: miou}
    return Outcome(variant, "finished", None, dict.fromkeys(parts, scores), 2, 75.25, curve, "one confusion matrix")


def a_sweep(*outcomes: Outcome) -> Sweep:
    """``outcomes`` compared; by default two finished ones, a failed and one that is not begun."""
    if not outcomes:
        failed, waiting = variants(["loss=tversky,lovasz"])
        outcomes = (
            semantic_outcome("ce", 0.25),
            Outcome(failed, "failed", "The loss became nan.\nLower <lr>"),
            semantic_outcome("dice_ce", 0.5),
            Outcome(waiting, "waiting"),
        )
    return Sweep(Path("runs/it"), "mine.yaml", "mine", "semantic", 7, ["train.epochs=2"], outcomes)
