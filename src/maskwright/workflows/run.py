"""The main job: every stage of a recipe in one run folder, each finished stage recorded and not done again."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from maskwright.errors import UsageError
from maskwright.files import read_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.reports.score_text import detail_lines
from maskwright.runs.context import Experiment, build_model, score_to_compare
from maskwright.runs.cross_evaluation import Elsewhere
from maskwright.runs.data_check import check, data_changes, require_same_data, say_data
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.folder import create_run, finished_stages, open_run
from maskwright.runs.launch import Job, launch, node_number
from maskwright.runs.prepare import declared_classes, require_data
from maskwright.runs.processes import build_fabric, is_first, is_launched, require_devices
from maskwright.runs.tracking import require_trackers
from maskwright.runs.training import (
    has_begun,
    report_weights,
    require_resume,
    seed_everything,
    train_stage,
    train_together,
)
from maskwright.runs.training_data import draw_masks
from maskwright.training.processes import Processes
from maskwright.workflows.evaluate_elsewhere import evaluate_elsewhere
from maskwright.workflows.report import report_stage


def run(
    recipe: str,
    *,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    nodes: int = 1,
    reporter: Reporter | None = None,
) -> Path:
    """Check, draw masks, train, evaluate and report as ``recipe`` (a name or a file) says; returns the run folder.

    Stages that the folder records as finished are not done again. A training that was interrupted goes on from its
    last checkpoint with ``resume``; without it, it is refused rather than thrown away. Everything that can be wrong
    with the recipe, its files, its model and its weights is said before any work is done.

    ``devices`` (instead of the recipe's ``train.devices``) and ``nodes`` share each batch among so many processes, see
    :func:`maskwright.runs.launch.launch`. In a process that torchrun started, its own number of processes
    counts, and only the first does anything besides training.

    Raises ``UsageError``, ``DataError``, ``WeightsError``, or ``Interrupted`` after SIGTERM or Ctrl-C.
    """
    path = train(recipe, overrides=overrides, out=out, resume=resume, devices=devices, nodes=nodes, reporter=reporter)
    if speaks(nodes):
        experiment = Experiment(open_run(path, reporter or Reporter()))
        experiment.run.perform("evaluate", lambda: evaluate_stage(experiment))
        experiment.run.perform("report", lambda: report_stage(experiment))
    return path


def train(
    recipe: str,
    *,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    nodes: int = 1,
    reporter: Reporter | None = None,
) -> Path:
    """As :func:`run`, up to the end of training; returns the run folder."""
    if devices is not None:
        overrides = [*overrides, f"train.devices={devices}"]
    loaded = load_recipe(recipe, overrides)
    require_data(loaded)
    score_to_compare(loaded)
    path = out if out is not None else Path("runs") / loaded.name
    if "train" not in finished_stages(path):
        require_trackers(loaded)
    if is_launched():
        _train_as_one_of_several(loaded, path, resume, reporter or Reporter())
    elif loaded.train.devices * nodes > 1 and "train" not in finished_stages(path):
        require_devices(loaded, nodes)
        quiet = reporter is not None and reporter.quiet
        launch(Job(recipe, tuple(overrides), str(path), resume, quiet), loaded.train.devices, nodes)
    else:
        _train_alone(loaded, path, resume, reporter or Reporter())
    return path


def speaks(nodes: int = 1) -> bool:
    """Whether this process, of all that a job on ``nodes`` machines has, evaluates, reports and prints results."""
    return is_first() and node_number(nodes) == 0


def evaluate(path: Path, reporter: Reporter | None = None, elsewhere: Elsewhere | None = None) -> dict[str, Any]:
    """Score the best checkpoint of the run at ``path`` anew and write its page; returns ``scores.json``.

    With ``elsewhere`` the scores that it asks for join those that are there; without, there are the recipe's alone.
    Raises ``UsageError`` when ``path`` is no run folder or has no trained model, or for an ``elsewhere`` that makes no
    sense.
    """
    if elsewhere is not None:
        elsewhere.require_sense()
    folder = open_run(path, reporter or Reporter())
    if not folder.is_finished("train"):
        raise UsageError(
            f"{path}: its training is not finished. Run `maskwright run RECIPE --out {path} --resume` first."
        )
    experiment = Experiment(folder)
    if elsewhere is None:
        folder.forget(["evaluate", "report"])
        folder.perform("evaluate", lambda: evaluate_stage(experiment))
    else:
        evaluate_elsewhere(experiment, elsewhere)
    folder.perform("report", lambda: report_stage(experiment))
    return read_json(path / "scores.json")


def headline(path: Path, details: bool = False) -> str:
    """The scores of the run at ``path``, a line for each part, and where its page lies.

    ``details`` adds lines on what lies behind the scores of instances.
    """
    scores = read_json(path / "scores.json")
    lines = []
    for part, values in scores.items():
        if "segm" in values:
            shown = {
                "mask AP": values["segm"]["AP"],
                "mask AP50": values["segm"]["AP50"],
                "box AP": values["bbox"]["AP"],
            }
        else:
            shown = {
                "mIoU": values["mIoU"],
                "mean Dice": values["mean_dice"],
                "pixel accuracy": values["pixel_accuracy"],
            }
        text = ", ".join(f"{name} {'absent' if value is None else f'{value:.4f}'}" for name, value in shown.items())
        by = [f"taxonomy {each['name']}, rider: {each['rider'] or 'no rule'}" for each in values.get("taxonomies", ())]
        lines.append(f"{part}: {text}" + "".join(f" ({each})" for each in by))
        lines += [f"  {line}" for line in detail_lines(values)] if details else []
    lines.append(f"page: {path / 'report.html'}")
    return "\n".join(lines)


def _train_alone(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> None:
    experiment, model = _prepare(recipe, path, resume, reporter)
    if model is None:
        reporter.say("train: finished before, not done again")
    else:
        fabric = build_fabric(recipe)
        experiment.run.perform("train", lambda: train_stage(experiment, model, fabric, resume))


def _train_as_one_of_several(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> None:
    fabric = build_fabric(recipe)
    run = None
    with fabric.rank_zero_first():  # the others wait, however long the masks take
        if fabric.is_global_zero:
            experiment, model = _prepare(recipe, path, resume, reporter)
            run = experiment.run if model is not None else None
    if not Processes(fabric).from_first(run is not None):
        return
    work = partial(train_together, path, fabric, resume, reporter)
    if run is not None:
        run.perform("train", work)
    else:
        work()


def _prepare(recipe: Recipe, path: Path, resume: bool, reporter: Reporter) -> tuple[Experiment, nn.Module | None]:
    """The stages before the training, and the model to train; None when its training is finished."""
    model, coverage = None, None
    # Built before the run folder exists: weights that cannot be fetched must stop the job before any work is done.
    if "train" not in finished_stages(path):
        classes = declared_classes(recipe)
        score_to_compare(recipe, classes.names)
        seed_everything(recipe.seed)
        model, coverage = build_model(recipe, classes.names)
    folder = create_run(recipe, path, reporter)
    experiment = Experiment(folder)
    if model is not None:
        require_resume(path, resume)
        report_weights(experiment, model, coverage)
        if folder.is_finished("check"):
            _look_again(experiment)
    folder.perform("check", lambda: check(folder, experiment.prepared))
    if recipe.task == "semantic":
        folder.perform("masks", lambda: draw_masks(experiment))
    return experiment, model


def _look_again(experiment: Experiment) -> None:
    """Say what is used of data that were checked before; if they are no longer the same, check and draw them anew.

    Raises ``DataError`` when a training has begun with what they were.
    """
    run, prepared = experiment.run, experiment.prepared
    changes = data_changes(run, prepared)
    if not changes:
        say_data(run.reporter, prepared)
        return
    if has_begun(run.path):
        require_same_data(run, prepared)
    run.reporter.warn(f"{change}. Checked and drawn anew." for change in changes)
    run.forget(["check", "masks"])
    shutil.rmtree(run.path / "masks", ignore_errors=True)
