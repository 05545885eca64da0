"""The ``metrics.csv`` of a training that measured both parts: the more epochs, the worse for the validation."""

from collections.abc import Sequence

from maskwright.reports.score_names import CLASS_CURVES, CURVES

NAMES = ("person", "dog", "cake")


def measured_metrics(task: str, names: Sequence[str] = NAMES, epochs: int = 3) -> str:
    """Three epochs by default, in which the training loss falls from 1 by a tenth and the validation loss rises so."""
    scores = [*CURVES[task], *(f"{key}/{name}" for key in CLASS_CURVES[task] for name in names)]
    parts = ["loss", "loss_mask", "loss_box"]
    header = [f"{part}/{name}" for part in ("train", "validation") for name in (*parts, *scores)]
    rows = []
    for step in range(epochs):
        training = [1 - step / 10] + [0.5 - step / 20] * 2 + [0.6 + step / 10] * len(scores)
        validation = [1 + step / 10] + [0.5 + step / 20] * 2 + [0.5 + step / 100] * len(scores)
        rows.append([step + 1, *training, *validation])
    return "\n".join(",".join(map(str, row)) for row in (["epoch", *header], *rows)) + "\n"
