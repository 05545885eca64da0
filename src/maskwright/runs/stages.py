"""Perform the stages of a run up to the training in order: check, masks, train; skip the finished ones.

The stages that follow are in :mod:`maskwright.runs.report`, which is imported when the training is done.
"""

import shutil
from functools import partial
from pathlib import Path

from torch import nn

from maskwright.parallel.torchrun import is_launched
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.context import build_model, monitored_score
from maskwright.runs.data_check import check_stage, data_changes, report_data, require_same_data
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run, require_run_folder
from maskwright.runs.launch import TrainingJob, launch
from maskwright.runs.masks import masks_stage
from maskwright.runs.metrics.tracking import require_trackers
from maskwright.runs.prepare import data_folder, declared_classes, require_data, require_objects
from maskwright.runs.processes import build_fabric, device_of, require_devices
from maskwright.runs.source_file import SourceFiles
from maskwright.runs.starting.extension import Extension
from maskwright.runs.starting.options import with_starting_options
from maskwright.runs.starting.queries import with_queries
from maskwright.runs.training import (
    has_begun,
    report_weights,
    require_resume,
    seed_everything,
    train_stage,
    train_worker,
)
from maskwright.synthetic.shape_parts import DrawnAhead
from maskwright.training.processes import ProcessGroup


def train_recipe(
    recipe: Recipe,
    path: Path,
    *,
    resume: bool = False,
    nodes: int = 1,
    reporter: Reporter,
    drawn: DrawnAhead | None = None,
    extension: Extension | None = None,
    source_files: SourceFiles | None = None,
) -> Experiment | None:
    """Do the stages of ``recipe`` up to the training in the run folder ``path``.

    Its built-in images may have been ``drawn`` ahead, and its ``source_files`` parsed. With ``extension``, whose
    recipe is ``recipe``, a finished training goes on; the folder is changed only once the model is built.

    Return the experiment with its data, for the stages that follow in this process; None when other processes did
    the work. Faults of the recipe, its files, its model and its weights are found before any work starts.

    Raises ``UsageError``, ``DataError``, ``WeightsError``, or ``Interrupted`` after SIGTERM or Ctrl-C.
    """
    require_data(recipe)
    monitored_score(recipe)
    recipe = with_starting_options(recipe, path)
    trained = extension is None and "train" in RunFolder(path).stages
    if not trained:
        device_of(recipe.train)
        require_trackers(recipe)
    if is_launched():
        _train_as_one_of_several(recipe, path, resume, reporter)
    elif recipe.train.devices * nodes > 1 and not trained:
        require_devices(recipe, nodes)
        if extension is not None:
            extension.begin()
        launch(TrainingJob(dump(recipe), str(path), resume, reporter.quiet), recipe.train.devices, nodes)
    else:
        return _train_alone(recipe, path, resume, reporter, drawn, extension, source_files)
    return None


def _train_alone(
    recipe: Recipe,
    path: Path,
    resume: bool,
    reporter: Reporter,
    drawn: DrawnAhead | None,
    extension: Extension | None,
    source_files: SourceFiles | None,
) -> Experiment:
    experiment, model = _prepare(recipe, path, resume, reporter, drawn, extension, source_files)
    if model is None:
        reporter.say("train: already finished, skipped")
    else:
        fabric = build_fabric(recipe)
        experiment.run.perform("train", lambda: train_stage(experiment, model, fabric, resume))
    return experiment


def _train_as_one_of_several(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> None:
    fabric = build_fabric(recipe)
    run = None
    with fabric.rank_zero_first():  # the other ranks wait until the masks are drawn
        if fabric.is_global_zero:
            experiment, model = _prepare(recipe, path, resume, reporter)
            run = experiment.run if model is not None else None
    if not ProcessGroup(fabric).broadcast(run is not None):
        return
    work = partial(train_worker, path, fabric, resume, reporter)
    if run is not None:
        run.perform("train", work)
    else:
        work()


def _prepare(
    recipe: Recipe,
    path: Path,
    resume: bool,
    reporter: Reporter,
    drawn: DrawnAhead | None = None,
    extension: Extension | None = None,
    source_files: SourceFiles | None = None,
) -> tuple[Experiment, nn.Module | None]:
    """Do the stages before the training; return the experiment and the model to train, None when it is trained."""
    model, coverage, source_files = None, None, source_files or SourceFiles()
    recipe = with_queries(recipe, source_files, reporter)
    # Built before the run folder exists: weights that cannot be fetched must stop the job before any work starts.
    if extension is not None or "train" not in RunFolder(path).stages:
        classes = declared_classes(recipe, source_files)
        monitored_score(recipe, classes.names)
        require_objects(recipe, source_files)
        seed_everything(recipe.seed)
        model, coverage = build_model(recipe, classes.names)
    if extension is not None:
        extension.begin()
    require_run_folder(recipe, path)
    if model is not None:
        require_resume(path, resume)  # before the recipe and the card of the interrupted run are replaced
    folder = create_run(recipe, path, reporter)
    if drawn is not None:
        drawn.move_to(data_folder(path))
    experiment = Experiment(folder, source_files=source_files)
    if model is not None:
        report_weights(experiment, model, coverage)
        if folder.is_finished("check"):
            _look_again(experiment)
    folder.perform("check", lambda: check_stage(folder, experiment.prepared))
    if recipe.task != "instance":
        folder.perform("masks", lambda: masks_stage(experiment))
    return experiment, model


def _look_again(experiment: Experiment) -> None:
    """Report the data that were checked before; when they have changed, reset the check and masks stages.

    Raises ``DataError`` when a training has started on the earlier data.
    """
    run, prepared = experiment.run, experiment.prepared
    changes = data_changes(run, prepared)
    if not changes:
        report_data(run.reporter, prepared)
        return
    if has_begun(run.path):
        require_same_data(run, prepared)
    run.reporter.warn(f"{change}. The data are checked and the masks drawn again." for change in changes)
    run.reset_stages(["check", "masks"])
    shutil.rmtree(run.path / "masks", ignore_errors=True)
