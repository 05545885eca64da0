"""The main job: every stage of a recipe in one run folder, each finished stage recorded and not done again."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.files import read_json
from maskwright.recipes.loading import load_recipe
from maskwright.workflows.evaluate import evaluate_stage
from maskwright.workflows.experiment import Experiment, build_model, score_to_compare
from maskwright.workflows.prepare import check, declared_classes, require_data
from maskwright.workflows.progress import Reporter
from maskwright.workflows.report import report_stage
from maskwright.workflows.run_folder import RunFolder, create_run, finished_stages, open_run
from maskwright.workflows.train import report_weights, require_resume, seed_everything, train_stage
from maskwright.workflows.training_data import draw_masks


def run(
    recipe: str,
    *,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    resume: bool = False,
    reporter: Reporter | None = None,
) -> Path:
    """Check, draw masks, train, evaluate and report as ``recipe`` (a name or a file) says; returns the run folder.

    Stages that the folder records as finished are not done again. A training that was interrupted goes on from its
    last checkpoint with ``resume``; without it, it is refused rather than thrown away. Everything that can be wrong
    with the recipe, its files, its model and its weights is said before any work is done.

    Raises ``UsageError``, ``DataError`` or ``WeightsError``.
    """
    folder = _perform(recipe, overrides, out, resume, reporter or Reporter(), train_only=False)
    return folder.path


def train(
    recipe: str,
    *,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    resume: bool = False,
    reporter: Reporter | None = None,
) -> Path:
    """As :func:`run`, up to the end of training; returns the run folder."""
    folder = _perform(recipe, overrides, out, resume, reporter or Reporter(), train_only=True)
    return folder.path


def evaluate(path: Path, reporter: Reporter | None = None) -> dict[str, Any]:
    """Score the best checkpoint of the run at ``path`` anew and write its page; returns ``scores.json``.

    Raises ``UsageError`` when ``path`` is no run folder or has no trained model.
    """
    folder = open_run(path, reporter or Reporter())
    if not folder.is_finished("train"):
        raise UsageError(
            f"{path}: its training is not finished. Run `maskwright run RECIPE --out {path} --resume` first."
        )
    folder.forget(["evaluate", "report"])
    experiment = Experiment(folder)
    folder.perform("evaluate", lambda: evaluate_stage(experiment))
    folder.perform("report", lambda: report_stage(experiment))
    return read_json(path / "scores.json")


def headline(path: Path) -> str:
    """The scores of the run at ``path`` in a few lines, and where its page lies."""
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
        lines.append(f"{part}: {text}")
    lines.append(f"page: {path / 'report.html'}")
    return "\n".join(lines)


def _perform(
    recipe_name: str, overrides: Sequence[str], out: Path | None, resume: bool, reporter: Reporter, *, train_only: bool
) -> RunFolder:
    recipe = load_recipe(recipe_name, overrides)
    require_data(recipe)
    score_to_compare(recipe)
    path = out if out is not None else Path("runs") / recipe.name
    model, coverage = None, None
    # Built before the run folder exists: weights that cannot be fetched must stop the job before any work is done.
    if "train" not in finished_stages(path):
        classes = declared_classes(recipe)
        seed_everything(recipe.seed)
        model, coverage = build_model(recipe, len(classes))
    folder = create_run(recipe, path, reporter)
    experiment = Experiment(folder)
    if model is not None:
        require_resume(path, resume)
        report_weights(experiment, model, coverage)
    folder.perform("check", lambda: check(folder, experiment.prepared))
    if recipe.task == "semantic":
        folder.perform("masks", lambda: draw_masks(experiment))
    if model is None:
        reporter.say("train: finished before, not done again")
    else:
        folder.perform("train", partial(train_stage, experiment, model, resume))
    if not train_only:
        folder.perform("evaluate", lambda: evaluate_stage(experiment))
        folder.perform("report", lambda: report_stage(experiment))
    return folder
