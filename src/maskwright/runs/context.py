"""The model of an experiment, built as its recipe says, with its options, its input size and its predictor."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from maskwright.errors import UsageError, nearest, some_of, unknown_name
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.evaluation.panoptic.quality import MEASURES
from maskwright.images.resize import InputSize
from maskwright.model_file import read_card
from maskwright.models import catalogue
from maskwright.models.atrous_rates import resolve_atrous_rates
from maskwright.models.normalisation import NORMALISATION_OPTIONS
from maskwright.models.weights.head_transfer import ClassRows, class_rows
from maskwright.models.weights.loading import WeightsReport
from maskwright.models.weights.materials import require_licences
from maskwright.prediction.predictor import Predictor
from maskwright.recipes.schema import Input, Recipe
from maskwright.recipes.training import Loss
from maskwright.runs.experiment import Experiment
from maskwright.structures import BACKGROUND, Task

SEMANTIC_SCORES = ("mIoU", "mean_dice", "mean_accuracy", "pixel_accuracy")
CLASS_SCORE = "IoU/"
PANOPTIC_SCORES = (*MEASURES, *(f"{measure}_{part}" for part in ("things", "stuff") for measure in MEASURES))
INSTANCE_SCORES = tuple(f"{kind}_{name}" for kind in ("segm", "bbox") for name in STATISTICS)

_SCORES: dict[Task, tuple[str, ...]] = {
    "semantic": SEMANTIC_SCORES,
    "instance": INSTANCE_SCORES,
    "panoptic": PANOPTIC_SCORES,
}
# The score of a class, and the names that have it beside the classes.
_CLASS_SCORES: dict[Task, tuple[str, tuple[str, ...]]] = {
    "semantic": (CLASS_SCORE, (BACKGROUND,)),
    "panoptic": ("PQ/", ()),
}


def predictor_of(experiment: Experiment, module: nn.Module) -> Predictor[Any]:
    """Return the predictor of ``module``, a network of the recipe in evaluation mode, also during training."""
    section = experiment.recipe.model
    size = input_size(section.name, section.options, section.input)
    return Predictor(module, experiment.recipe.task, experiment.classes.own, size, file=None)


def input_size(name: str, options: Mapping[str, Any], section: Input) -> InputSize:
    """Return the size at which the model ``name`` of the catalogue sees images, in training as in prediction.

    ``section`` is the recipe's ``model.input``. The ``options`` of an instance model may replace it by ``short_side``
    and ``longest``.
    """
    entry = catalogue.find_model(name)
    if entry.task != "instance":
        return InputSize(section.resize == "square", section.size, section.multiple, section.longest, entry.resizing)
    sides = instance_sides(name, options, section)
    if entry.input_shape == "square":
        return InputSize(True, sides["short_side"], rule=entry.resizing)
    return InputSize(False, sides["short_side"], 1, sides["longest"], entry.resizing)


def instance_sides(name: str, options: Mapping[str, Any], section: Input) -> dict[str, int]:
    """Return the options ``short_side`` and ``longest`` of the instance model ``name`` with ``options``, in pixels.

    The longest side is by default twice the short side; for a network of squares it is the side of the square.
    """
    usual = 2 * section.size if catalogue.find_model(name).input_shape == "free" else section.size
    sides = {"short_side": section.size, "longest": section.longest or usual}
    return {option: options.get(option, side) for option, side in sides.items()}


def monitored_score(recipe: Recipe, classes: Sequence[str] | None = None) -> str:
    """Return the name of the validation score that chooses the best checkpoint.

    It is ``train.best_by``, or mIoU, mask AP or PQ by default. A semantic model also has the score ``IoU/NAME`` of each
    class, a panoptic one ``PQ/NAME``. ``classes`` are the class names; without them those of the recipe count, and
    where it says ``all``, any name passes. Raises ``UsageError`` when the model has no such score.
    """
    known: list[str] = list(_SCORES[recipe.task])
    chosen = recipe.train.best_by or known[0]
    if recipe.task in _CLASS_SCORES:
        names = classes if classes is not None else recipe.classes
        prefix, more = _CLASS_SCORES[recipe.task]
        if names == "all" and chosen.startswith(prefix):
            return chosen
        known += [f"{prefix}{name}" for name in (*more, *(names if names != "all" else ()))]
    if chosen not in known:
        raise unknown_name("score in train.best_by", chosen, known)
    return chosen


def model_options(recipe: Recipe) -> dict[str, object]:
    """Return the catalogue options of the recipe's model.

    Those of an instance model include the input size in pixels. Atrous rates that are ``auto`` are those that fit the
    crop, or the input size where there is none; as numbers they hold for every later use of the model. So does
    ``image_size``, the side of the squares of a network, by default the largest side of an image in training. From
    published weights it is that of their training, for which their positions were learnt; others are interpolated.

    A number of ``queries`` that is still ``auto``, as in a trial, is the model's default; see
    :func:`maskwright.runs.starting.queries.with_queries`.

    Raises ``UsageError`` for atrous rates that are another word.
    """
    name, section, options = recipe.model.name, recipe.model.input, dict(recipe.model.options)
    if options.get("queries") == "auto":
        del options["queries"]
    entry = catalogue.find_model(name)
    square = "image_size" in entry.options
    if recipe.task == "instance":
        sides = instance_sides(name, options, section)
        side = sides["short_side"] if entry.input_shape == "square" else _image_size(recipe, sides["longest"])
        if square and recipe.model.weights in entry.published:
            side = getattr(entry.build, "keywords", {}).get("image_size", side)
        return {**sides, **({"image_size": side} if square else {}), **options}
    crop = recipe.augment.crop or section.size
    return resolve_atrous_rates(name, {**({"image_size": max(crop, section.size)} if square else {}), **options}, crop)


def _image_size(recipe: Recipe, longest: int) -> int:
    """Return the side of the square that holds every image of at most ``longest`` pixels, in training too."""
    largest = math.ceil(longest * recipe.augment.scale[1]) if recipe.augment.scale else longest
    return max(longest, recipe.augment.crop or largest)


def build_model(recipe: Recipe, classes: Sequence[str]) -> tuple[nn.Module, WeightsReport | None]:
    """Return the recipe's model for ``classes`` with its starting weights, and the report on the weights.

    From weights of other classes, the heads take over the rows of the classes that both have. Images are normalised as
    in the training of the weights, or without weights as in the pretraining of the backbone; see
    :func:`starting_normalisation`.

    Raises ``UsageError`` for an unknown model, option or weights name, and for weights whose licence must be accepted
    first; ``WeightsError`` for weights that cannot be fetched, read or matched.
    """
    entry = catalogue.find_model(recipe.model.name)
    if entry.task != recipe.task:
        known = [e.name for e in catalogue.MODELS.values() if e.task == recipe.task]
        raise UsageError(
            f"model.name: {recipe.model.name} is for task: {entry.task}, and the recipe has task: {recipe.task}; "
            f"expected one for {recipe.task}. Use --set model.name={(nearest(recipe.model.name, known) or known)[0]}, "
            f"another of {some_of(known, 8)}, or --set task={entry.task}."
        )
    require_licences(recipe.model.name, recipe.model.weights)
    if entry.own_losses and recipe.loss != Loss():
        raise UsageError(
            f"loss: {recipe.model.name} has its own losses, of masks matched to the true ones; expected no section "
            f"loss. Leave it out; the weights of its losses are options: maskwright models {recipe.model.name}"
        )
    options = starting_normalisation(recipe) | model_options(recipe)
    module = catalogue.create_model(recipe.model.name, len(classes), options)
    rows = _class_rows(module, recipe, classes)
    return module, catalogue.load_weights(module, recipe.model.name, recipe.model.weights, rows)


def starting_normalisation(recipe: Recipe) -> dict[str, Any]:
    """Return the options of the normalisation that the recipe's starting weights were trained with.

    A model file names its own; a file without a card counts as the weights that the backbone's publisher offers. The
    options are none for ImageNet's normalisation, and for a model with options of its own for it.
    """
    name, weights = recipe.model.name, recipe.model.weights
    entry = catalogue.find_model(name)
    if entry.normalisation is None:
        return {}
    if catalogue.is_file(weights):
        card = read_card(Path(weights))
        return entry.normalisation.to_options() if card is None else normalisation_options(card.options)
    published = entry.published.get(weights)
    return ((published and published.normalisation) or entry.normalisation).to_options()


def normalisation_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a model's ``options`` that say how images are normalised."""
    return {name: options[name] for name in NORMALISATION_OPTIONS if name in options}


def _class_rows(module: nn.Module, recipe: Recipe, classes: Sequence[str]) -> ClassRows | None:
    """Return the rows that the heads take over from the starting weights; None without heads or for equal classes."""
    name, weights = recipe.model.name, recipe.model.weights
    card = read_card(Path(weights)) if catalogue.is_file(weights) else None
    published = catalogue.find_published_weights(name, weights) if card is None else None
    if card is not None:
        before = card.table.names
    elif published is not None and published.classes is not None:
        before = list(published.classes)
    elif published is not None or not catalogue.is_file(weights):
        return None
    else:
        before = None
    if before == list(classes):
        return None
    build, entry = partial(catalogue.create_model, name, options=model_options(recipe)), catalogue.find_model(name)
    return class_rows(module, build, before, classes, entry.background_first, entry.no_object_last)
