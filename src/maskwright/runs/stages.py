"""The stages of a run in their order: check, masks, train, evaluate, report; each finished one is not done again."""

import shutil
from functools import partial
from pathlib import Path

from torch import nn

from maskwright.progress import Reporter
from maskwright.recipes.loading import dump
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.context import Experiment, build_model, monitored_score
from maskwright.runs.data_check import check_stage, data_changes, report_data, require_same_data
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.folder import create_run, open_run
from maskwright.runs.launch import TrainingJob, launch
from maskwright.runs.masks import masks_stage
from maskwright.runs.prepare import declared_classes, require_data
from maskwright.runs.processes import build_fabric, is_launched, require_devices
from maskwright.runs.report import report_stage
from maskwright.runs.source_file import SourceFiles
from maskwright.runs.tracking import require_trackers
from maskwright.runs.training import (
    has_begun,
    report_weights,
    require_resume,
    seed_everything,
    train_stage,
    train_worker,
)
from maskwright.training.processes import ProcessGroup


def train_recipe(
    recipe: Recipe, path: Path, *, resume: bool = False, nodes: int = 1, reporter: Reporter
) -> Experiment | None:
    """Do the stages of ``recipe`` up to the training in the run folder ``path``.

    Returns the experiment with its data, for the stages that follow in this process; None where other processes did
    the work. Everything that can be wrong with the recipe, its files, its model and its weights is said before any
    work is done.

    Raises ``UsageError``, ``DataError``, ``WeightsError``, or ``Interrupted`` after SIGTERM or Ctrl-C.
    """
    require_data(recipe)
    monitored_score(recipe)
    trained = "train" in RunFolder(path).stages
    if not trained:
        require_trackers(recipe)
    if is_launched():
        _train_as_one_of_several(recipe, path, resume, reporter)
    elif recipe.train.devices * nodes > 1 and not trained:
        require_devices(recipe, nodes)
        launch(TrainingJob(dump(recipe), str(path), resume, reporter.quiet), recipe.train.devices, nodes)
    else:
        return _train_alone(recipe, path, resume, reporter)
    return None


def evaluate_and_report(path: Path, reporter: Reporter, experiment: Experiment | None = None) -> None:
    """Do the stages of the run at ``path`` that follow its training, with the data of ``experiment`` if it is given."""
    experiment = experiment or Experiment(open_run(path, reporter))
    experiment.run.perform("evaluate", lambda: evaluate_stage(experiment))
    experiment.run.perform("report", lambda: report_stage(experiment))


def _train_alone(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> Experiment:
    experiment, model = _prepare(recipe, path, resume, reporter)
    if model is None:
        reporter.say("train: finished before, not done again")
    else:
        fabric = build_fabric(recipe)
        experiment.run.perform("train", lambda: train_stage(experiment, model, fabric, resume))
    return experiment


def _train_as_one_of_several(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> None:
    fabric = build_fabric(recipe)
    run = None
    with fabric.rank_zero_first():  # the others wait, however long the masks take
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


def _prepare(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> tuple[Experiment, nn.Module | None]:
    """The stages before the training, and the model to train; None when its training is finished."""
    model, coverage, source_files = None, None, SourceFiles()
    # Built before the run folder exists: weights that cannot be fetched must stop the job before any work is done.
    if "train" not in RunFolder(path).stages:
        classes = declared_classes(recipe, source_files)
        monitored_score(recipe, classes.names)
        seed_everything(recipe.seed)
        model, coverage = build_model(recipe, classes.names)
    folder = create_run(recipe, path, reporter)
    experiment = Experiment(folder, source_files=source_files)
    if model is not None:
        require_resume(path, resume)
        report_weights(experiment, model, coverage)
        if folder.is_finished("check"):
            _look_again(experiment)
    folder.perform("check", lambda: check_stage(folder, experiment.prepared))
    if recipe.task == "semantic":
        folder.perform("masks", lambda: masks_stage(experiment))
    return experiment, model


def _look_again(experiment: Experiment) -> None:
    """Say what is used of data that were checked before; if they are no longer the same, check and draw them anew.

    Raises ``DataError`` when a training has begun with what they were.
    """
    run, prepared = experiment.run, experiment.prepared
    changes = data_changes(run, prepared)
    if not changes:
        report_data(run.reporter, prepared)
        return
    if has_begun(run.path):
        require_same_data(run, prepared)
    run.reporter.warn(f"{change}. Checked and drawn anew." for change in changes)
    run.reset_stages(["check", "masks"])
    shutil.rmtree(run.path / "masks", ignore_errors=True)
