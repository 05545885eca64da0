"""The curves of a training on its page: losses and scores of both parts, and the scores of single classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from maskwright.reports.plots.colors import COLORS
from maskwright.reports.run.contents import Metrics, RunContents
from maskwright.reports.run.figure_cache import FigureCache
from maskwright.reports.score_names import CLASS_CURVES, CURVES, is_score
from maskwright.reports.tables import is_measured
from maskwright.structures import BACKGROUND

MOST_CLASSES = len(COLORS)

Curve = Sequence[float | None]
Curves = dict[str, Curve]

# Draws every figure and keeps none.
_DRAWN = FigureCache()


class CaptionedCurves(NamedTuple):
    """A figure as SVG text with its caption."""

    svg: Markup
    caption: str


def losses(metrics: Metrics | None, figures: FigureCache = _DRAWN) -> CaptionedCurves | None:
    """Return the loss of both parts; that of the training with its parts where no validation loss was computed."""
    if metrics is None:
        return None
    training, validation = _losses(metrics, "train"), _losses(metrics, "validation")
    if "loss" in training and "loss" in validation:
        both = {"training": training["loss"], "validation": validation["loss"]}
        caption = "Loss per epoch. That of the training is the mean over the epoch, on augmented images."
        if only := [_words(name) for name in training if name not in validation]:
            caption += f" Only the training has the part {' and '.join(only)}."
        return CaptionedCurves(Markup(figures.curves("losses", metrics.epochs, both)), caption)
    curves = {_words(name): values for name, values in training.items()}
    return (
        CaptionedCurves(Markup(figures.curves("losses", metrics.epochs, curves)), "Loss per epoch.") if curves else None
    )


def loss_parts(metrics: Metrics | None, figures: FigureCache = _DRAWN) -> CaptionedCurves | None:
    """Return the parts of the loss in training and validation, where it has several and both were computed."""
    if metrics is None:
        return None
    training, validation = (
        {_words(name): values for name, values in _losses(metrics, part).items() if name != "loss"}
        for part in ("train", "validation")
    )
    if not validation or len(training) < 2:
        return None
    svg = Markup(figures.curves("parts", metrics.epochs, training, validation, "part of the loss"))
    return CaptionedCurves(svg, "The parts of the loss. Solid: validation; dashed: training.")


def scores(metrics: Metrics | None, task: str, figures: FigureCache = _DRAWN) -> CaptionedCurves | None:
    """Return the validation scores of the task, the headline first, and the headline on training images."""
    if metrics is None:
        return None
    columns, names = metrics.columns, CURVES[task]
    found: Curves = {label: columns.get(f"validation/{key}", []) for key, label in names.items()}
    curves = {label: values for label, values in found.items() if _measured(values)}
    if not curves:
        return None
    headline, label = next(iter(names.items()))
    caption = "Validation scores per epoch; dashed: the best epoch."
    if _measured(training := columns.get(f"train/{headline}", [])):
        curves[f"training {label}"] = training
        caption = f"Validation scores per epoch, and the {label} on training images; dashed: the best epoch."
    return CaptionedCurves(Markup(figures.curves("scores", metrics.epochs, curves, label)), caption)


def classes(run: RunContents, figures: FigureCache = _DRAWN) -> list[CaptionedCurves]:
    """Return a figure for each score of single classes on the validation images; of many classes the frequent ones."""
    metrics, task, found = run.metrics, run.card["task"], []
    for key, label in CLASS_CURVES[task].items() if metrics is not None else ():
        assert metrics is not None
        prefix = f"validation/{key}/"
        every = {name[len(prefix) :]: v for name, v in metrics.columns.items() if name.startswith(prefix)}
        measured = {name: values for name, values in every.items() if _measured(values)}
        chosen = _most_frequent(measured, run.statistics or {})
        if not chosen:
            continue
        some = "" if len(chosen) == len(measured) else f" The {len(chosen)} most frequent of {len(measured)} classes."
        svg = Markup(figures.curves("parts", metrics.epochs, {}, {name: measured[name] for name in chosen}, label))
        found.append(CaptionedCurves(svg, f"The {label} of each class on the validation images.{some}"))
    return found


def _losses(metrics: Metrics, part: str) -> Curves:
    """Return the measured losses of a part by their names in ``metrics.csv``."""
    prefix = f"{part}/"
    named = {name[len(prefix) :]: values for name, values in metrics.columns.items() if name.startswith(prefix)}
    return {name: values for name, values in named.items() if not is_score(name) and _measured(values)}


def _words(name: str) -> str:
    return name.removesuffix("_reg").replace("_", " ")


def _most_frequent(names: Iterable[str], statistics: Mapping[str, Any]) -> list[str]:
    """Return ``names`` if they are few, else those with most instances in the data, in their order; no background."""
    names = list(names)
    if len(names) <= MOST_CLASSES:
        return names
    counts = dict.fromkeys(names, 0)
    for part in statistics.values():
        for name, entry in (part.get("classes") or {}).items():
            found = (entry or {}).get("instances")
            if name in counts and is_measured(found):
                counts[name] += int(found)
    ranked = sorted((name for name in names if name != BACKGROUND), key=lambda name: -counts[name])
    return [name for name in names if name in ranked[:MOST_CLASSES]]


def _measured(values: Curve) -> bool:
    return any(value is not None for value in values)
