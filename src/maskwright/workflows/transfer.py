"""Transfer: measure models on their source data set and on target data sets, with the shift between the two."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.taxonomy.shared_classes import (
    SharedClasses,
    drop_classes_without_objects,
    shared_classes,
    transfer_taxonomy,
)
from maskwright.annotations.taxonomy.sides import Side
from maskwright.errors import UsageError
from maskwright.evaluation.cityscapes import average_precision as cityscapes_ap
from maskwright.evaluation.coco import evaluator as coco
from maskwright.files import read_json, write_json, write_text
from maskwright.outputs.staging import held_folder
from maskwright.progress import Reporter
from maskwright.recipes.loading import TransferLike, dump, load_transfer
from maskwright.recipes.transfer import Transfer
from maskwright.reports.pictures.embedded import read_pictures
from maskwright.reports.table_files import write_tables
from maskwright.reports.transfer.page import render_transfer_page
from maskwright.reports.transfer.tables import transfer_tables
from maskwright.runs.folder import hardware, installed_versions
from maskwright.structures import with_masks
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset, require_transfer_dataset
from maskwright.transfers.fine_tuning import fine_tune
from maskwright.transfers.models import TransferModel
from maskwright.transfers.panels import draw_panels
from maskwright.transfers.predictions import PredictionCache
from maskwright.transfers.scores import Rules, TransferEvaluation
from maskwright.transfers.starting_models import obtain_model, present_models, require_model_sources
from maskwright.transfers.unseen_images import require_other_images, require_unseen_images

SUMMARY = "transfer.json"
PAGE = "transfer.html"


@dataclass(frozen=True)
class TransferResult:
    """The folder of a transfer and its ``numbers``, as in ``transfer.json``."""

    path: Path
    numbers: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {"transfer": str(self.path), **self.numbers}


def transfer(
    recipe: TransferLike,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    reporter: Reporter | None = None,
) -> TransferResult:
    """Evaluate models on their source data set and on target data sets, with bootstrap intervals.

    Models that the recipe trains or fine-tunes are trained first. Finished work is not done again: an interrupted
    training continues, and predictions are made again only for another model or other images. Numbers and page are
    always computed again.

    Args:
        recipe: The name of a shipped transfer, the path of a YAML file, a dictionary of its sections, or a
            ``Transfer``.
        overrides: ``section.key=value`` each, applied on top of the recipe.
        out: The folder for ``transfer.json``, the page ``transfer.html``, predictions and trained models;
            ``runs/NAME`` by default.
        reporter: Where progress goes; standard error by default.

    Returns:
        The folder and the numbers: scores of each model on source and target, their difference (the shift), and the
        differences between models.

    Raises:
        UsageError: The recipe, its files or its models have a fault, or a model was trained on the source's
            images or on a target.
        DataError: No class is shared, or no shared class has objects on both sides.
        WeightsError: Weights cannot be fetched or read.
        Interrupted: SIGTERM or Ctrl-C came during a training; the same call continues it.

    Example:
        >>> import maskwright as mw
        >>> found = mw.transfer("shapes-transfer", out="runs/shift")  # doctest: +SKIP
        >>> (found.path / "transfer.html").is_file()  # doctest: +SKIP
        True
    """
    loaded, reporter = load_transfer(recipe, overrides), reporter or Reporter()
    root = Path(loaded.root)
    for section in (loaded.source, *loaded.targets.values(), *(t.train for t in loaded.targets.values())):
        if section is not None:
            require_transfer_dataset(section, root)
    require_model_sources(loaded)
    path = Path(out) if out is not None else Path("runs") / loaded.name
    with held_folder(path):
        return _measured(loaded, _folder(loaded, path), root, reporter)


def _measured(loaded: Transfer, path: Path, root: Path, reporter: Reporter) -> TransferResult:
    """Read the data, obtain the models, measure all of them and write the page."""
    source = _read("source", loaded.source, root, path, reporter)
    targets = {name: _read(name, section, root, path, reporter) for name, section in loaded.targets.items()}
    trains = _read_trains(loaded, targets, path, reporter)
    for key, file in present_models(loaded).items():
        require_unseen_images(key, file, source, targets)
    models = [obtain_model(key, start, "model", path, loaded, reporter) for key, start in loaded.models.items()]
    for model in models:
        require_unseen_images(model.name, model.file, source, targets)
    models += [obtain_model(key, start, "bound", path, loaded, reporter) for key, start in loaded.bound.items()]
    predictions = PredictionCache(path, loaded.device, reporter)
    compared: dict[str, Any] = {}
    panels: dict[str, Any] = {}
    measured = list(models)
    for place, (name, target) in enumerate(targets.items(), start=1):
        shared = _shared(loaded, name, source, target, models)
        comparison = _comparison(loaded, shared, source, target, place)
        for missing, why in comparison.shared.excluded.items():
            reporter.say(f"{name}: {missing} is not compared: {why}")
        # Fine-tuned in all shared classes: the heads keep a class even where the scored images lack it.
        mine = [*models, *_fine_tuned(loaded, name, models, shared, trains.get(name), path, reporter)]
        for model in mine:
            comparison.add(model, predictions, reporter)
        compared[name] = comparison.to_json(mine)
        panels[name] = _panels(loaded, path, comparison, mine, predictions)
        measured += mine[len(models) :]
    numbers = _numbers(loaded, source, targets, measured, compared, panels)
    write_json(path / SUMMARY, numbers)
    write_transfer_page(path)
    return TransferResult(path, numbers)


def write_transfer_page(path: Path) -> Path:
    """Write the page of the transfer at ``path`` from its numbers and return its path."""
    numbers = read_json(path / SUMMARY)
    pictures = {
        name: {side: read_pictures(path, records) for side, records in sides.items()}
        for name, sides in numbers["panels"].items()
    }
    recipe = (path / "recipe.yaml").read_text(encoding="utf-8")
    write_text(path / PAGE, render_transfer_page(numbers, pictures, recipe))
    write_tables(path, transfer_tables(numbers))
    return path / PAGE


def _folder(recipe: Transfer, path: Path) -> Path:
    if path.is_dir() and any(path.iterdir()) and not (path / "recipe.yaml").is_file():
        raise UsageError(f"{path}: is not empty and not the folder of a transfer. Choose another folder with --out.")
    _require_own(path)
    if (path / "stages.json").is_file():
        raise UsageError(f"{path}: is the folder of a run; expected that of a transfer. Choose another with --out.")
    write_text(path / "recipe.yaml", dump(recipe))
    return path


def _require_own(path: Path) -> None:
    """Raise ``UsageError`` when the recipe in ``path`` is a file of the user's, which a transfer would replace."""
    file = path / "recipe.yaml"
    if not file.is_file() or (path / SUMMARY).is_file():
        return
    text = file.read_text(encoding="utf-8")
    if text != dump(load_transfer(file)):
        raise UsageError(
            f"{file}: was not written by a transfer (there is no {SUMMARY} beside it); expected the folder of a "
            "transfer, or an empty one. Choose another folder with --out."
        )


def _read(name: str, section: Any, root: Path, path: Path, reporter: Reporter) -> TransferDataset:
    found = load_transfer_dataset(name, section, root, path / "data" / name)
    reporter.warn(found.remarks)
    reporter.say(f"{name}: {len(found.images)} images, {len(found.annotations)} objects")
    return found


def _shared(
    recipe: Transfer, name: str, source: TransferDataset, target: TransferDataset, models: Sequence[TransferModel]
) -> SharedClasses:
    section = recipe.targets[name]
    tables = {model.name: model.card.table for model in models}
    taxonomy = transfer_taxonomy(source.table, target.table, tables.values(), section.taxonomy, section.rider)
    wanted = None if recipe.classes == "all" else recipe.classes
    return shared_classes(taxonomy, source.table, target.table, tables, wanted)


def _comparison(
    recipe: Transfer, shared: SharedClasses, source: TransferDataset, target: TransferDataset, place: int
) -> TransferEvaluation:
    # A class without a mask has no mask AP on its side.
    sides: dict[Side, TransferDataset] = {"source": source, "target": target}
    compared = drop_classes_without_objects(
        shared, {side: (with_masks(images.annotations), images.table) for side, images in sides.items()}
    )
    return TransferEvaluation(compared, source, target, Rules(recipe.score, recipe.bootstrap), place)


def _read_trains(
    recipe: Transfer, targets: dict[str, TransferDataset], path: Path, reporter: Reporter
) -> dict[str, TransferDataset]:
    """Return the images to fine-tune on by target; raise ``UsageError`` when some of them are scored."""
    if recipe.fine_tune is None:
        return {}
    found = {}
    for name, section in recipe.targets.items():
        if section.train is not None:
            found[name] = _read(f"{name}-train", section.train, Path(recipe.root), path, reporter)
            require_other_images(name, found[name], targets[name])
    return found


def _fine_tuned(
    recipe: Transfer,
    name: str,
    models: Sequence[TransferModel],
    shared: SharedClasses,
    images: TransferDataset | None,
    path: Path,
    reporter: Reporter,
) -> list[TransferModel]:
    if recipe.fine_tune is None or images is None:
        return []
    return [
        fine_tune(model, name, images, shared, recipe.fine_tune, recipe.seed, path, reporter)
        for model in models
        if model.role == "model"
    ]


def _panels(
    recipe: Transfer,
    path: Path,
    comparison: TransferEvaluation,
    models: Sequence[TransferModel],
    predictions: PredictionCache,
) -> dict[str, Any]:
    plain = [model for model in models if model.role == "model"]
    return {
        "source": draw_panels(path, comparison, "source", plain, predictions, recipe.panels),
        "target": draw_panels(path, comparison, "target", models, predictions, recipe.panels),
    }


def _numbers(
    recipe: Transfer,
    source: TransferDataset,
    targets: dict[str, TransferDataset],
    models: Sequence[TransferModel],
    compared: dict[str, Any],
    panels: dict[str, Any],
) -> dict[str, Any]:
    sets = {"source": source, **targets}
    return {
        "name": recipe.name,
        "description": recipe.description,
        "seed": recipe.seed,
        "score": recipe.score,
        "bootstrap": recipe.bootstrap.model_dump(),
        "area": "mask",
        "protocol": coco.protocol("mask"),
        "cityscapes_protocol": cityscapes_ap.PROTOCOL if any(each.official for each in targets.values()) else None,
        "sets": {
            name: {
                "images": len(each.images),
                "objects": sum(not annotation["iscrowd"] for annotation in each.annotations),
                "made_of": each.identity,
                "remarks": each.remarks,
            }
            for name, each in sets.items()
        },
        "models": {model.name: model.to_json() for model in models},
        "targets": compared,
        "panels": panels,
        "versions": installed_versions(),
        "hardware": hardware(),
        "command": " ".join(["maskwright", *sys.argv[1:]]),
    }
