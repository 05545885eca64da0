"""Training beside validation: tables of the scores on both, and a sentence when they part."""

from typing import Any

from maskwright.reports.run.contents import Metrics, RunContents
from maskwright.reports.score_names import CLASS_CURVES, CURVES
from maskwright.reports.tables import ABSENT, CaptionedTable, Table, count_cell, is_measured, score_cell

# A loss that has risen by less may be chance, as may a difference of scores on fewer images.
_RISE = 1.05
_GAP = 0.1
_FEWEST_IMAGES = 10


def beside_each_other(run: RunContents) -> CaptionedTable | None:
    """Return the loss and the overall scores on training and validation images after the best epoch.

    None where no epoch has scores on training images.
    """
    row, metrics = _row(run), run.metrics
    if row is None or metrics is None:
        return None
    names = {"loss": "loss", **CURVES[run.card["task"]]}
    rows = []
    for key, label in names.items():
        training, validation = (_value(metrics, f"{part}/{key}", row) for part in ("train", "validation"))
        if training is not None or validation is not None:
            rows.append([label, score_cell(training), score_cell(validation), _difference(training, validation)])
    best = "the best" if metrics.epochs[row] == _best(run) else "the last that was measured"
    meaning = (
        f"After epoch {metrics.epochs[row]}, {best}. Training scores are those of {_images(run)}, not augmented; the "
        "training loss is the mean over the epoch, on augmented images."
    )
    header = ["", "training", "validation", "difference"]
    return CaptionedTable("Training beside validation", meaning, Table(header, rows))


def classes_beside_each_other(run: RunContents) -> CaptionedTable | None:
    """Return the scores of each class on training and validation images after the same epoch."""
    row, metrics = _row(run), run.metrics
    if row is None or metrics is None:
        return None
    keys = CLASS_CURVES[run.card["task"]]
    prefix = f"validation/{next(iter(keys))}/"
    rows = [
        [
            name,
            *(
                score_cell(_value(metrics, f"{part}/{key}/{name}", row))
                for key in keys
                for part in ("train", "validation")
            ),
        ]
        for name in (column[len(prefix) :] for column in metrics.columns if column.startswith(prefix))
    ]
    if not rows:
        return None
    header = ["class", *(f"{label}, {part}" for label in keys.values() for part in ("training", "validation"))]
    return CaptionedTable("Each class", f"After epoch {metrics.epochs[row]}", Table(header, rows))


def overfitting(run: RunContents) -> str | None:
    """Return a sentence where the model has learnt its training images more than what they have in common, else None.

    It does so when the validation loss has risen by at least 5 % since its minimum while that of the training fell, or
    when the headline score on at least 10 training images is higher by 0.1 and a quarter than on the validation images.
    """
    said = [sentence for sentence in (_risen_loss(run.metrics), _gap(run)) if sentence is not None]
    return " ".join(said) or None


def _risen_loss(metrics: Metrics | None) -> str | None:
    if metrics is None:
        return None
    pairs = zip(
        metrics.epochs,
        metrics.columns.get("validation/loss", ()),
        metrics.columns.get("train/loss", ()),
        strict=False,
    )
    measured = [(v, epoch, t) for epoch, v, t in pairs if v is not None and t is not None]
    if not measured:
        return None
    low, epoch, before = min(measured, key=lambda each: each[0])
    last, last_epoch, after = measured[-1]
    if low <= 0 or last < _RISE * low or after >= before:
        return None
    return (
        f"Overfitting: the validation loss was lowest after epoch {epoch} ({low:.3f}) and is {last:.3f} after epoch "
        f"{last_epoch}, while the training loss fell from {before:.3f} to {after:.3f}."
    )


def _gap(run: RunContents) -> str | None:
    row, metrics = _row(run), run.metrics
    measured = (run.card.get("measured") or {}).get("train")
    if row is None or metrics is None or not is_measured(measured) or measured < _FEWEST_IMAGES:
        return None
    key, label = next(iter(CURVES[run.card["task"]].items()))
    training, validation = (_value(metrics, f"{part}/{key}", row) for part in ("train", "validation"))
    if training is None or validation is None or training - validation < _GAP or training < 1.25 * validation:
        return None
    return (
        f"The {label} is {training:.3f} on training images and {validation:.3f} on validation images after epoch "
        f"{metrics.epochs[row]}: the model knows the images it was trained on much better than others."
    )


def _row(run: RunContents) -> int | None:
    """Return the row of the best epoch if the training part was measured then, else the last one where it was."""
    if run.metrics is None:
        return None
    headline = next(iter(CURVES[run.card["task"]]))
    values = run.metrics.columns.get(f"train/{headline}", ())
    measured = [row for row, value in enumerate(values) if value is not None]
    best = [row for row in measured if run.metrics.epochs[row] == _best(run)]
    return (best or measured[-1:] or [None])[0]


def _best(run: RunContents) -> Any:
    return (run.card.get("best") or {}).get("epoch")


def _value(metrics: Metrics, column: str, row: int) -> float | None:
    values = metrics.columns.get(column, ())
    return values[row] if row < len(values) else None


def _images(run: RunContents) -> str:
    measured = (run.card.get("measured") or {}).get("train")
    every = ((run.card.get("data") or {}).get("train") or {}).get("images")
    if not is_measured(measured):
        return "training images"
    return "all training images" if measured == every else f"{count_cell(measured)} of {count_cell(every)} images"


def _difference(training: float | None, validation: float | None) -> str:
    return ABSENT if training is None or validation is None else f"{training - validation:+.3f}"
