"""Build the trackers of a recipe for a training that starts or resumes."""

import uuid
from pathlib import Path

from maskwright.recipes.schema import Recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.metrics.tags import TaggedTracker, tag
from maskwright.runs.pictures.panels import read_panels, tags
from maskwright.training.tensorboard_tracker import TensorBoardTracker
from maskwright.training.trackers import CsvTracker, Tracker
from maskwright.training.wandb_tracker import WandbRun, WandbTracker, require_wandb, wandb_mode


def require_trackers(recipe: Recipe) -> None:
    """Raise ``UsageError`` when a tracker that ``recipe`` names cannot be used here."""
    if "wandb" in recipe.train.trackers:
        require_wandb(wandb_mode(recipe.train.wandb.mode))


def build_trackers(experiment: Experiment, done: int) -> list[Tracker]:
    """Return the trackers of the recipe for a training that has finished ``done`` epochs; CSV is always one."""
    path, chosen = experiment.run.path, experiment.recipe.train.trackers
    table = CsvTracker(experiment.run.files.metrics_file, done)
    trackers: list[Tracker] = [table]
    if "tensorboard" in chosen:
        trackers.append(_tensorboard(path / "tensorboard", table, done))
    if "wandb" in chosen and (run := _wandb_run(experiment)).mode != "disabled":
        wandb = TaggedTracker(WandbTracker(path, run, experiment.run.reporter.say))
        trackers.append(_replay_history(wandb, table, experiment))
    return trackers


def _tensorboard(folder: Path, table: CsvTracker, done: int) -> Tracker:
    """Return the TensorBoard tracker; one that goes on with files of an earlier version repeats the earlier epochs.

    Those had other names (``train/loss``), under which the curves would end.
    """
    tag_of_today = tag("train/loss").encode()
    earlier = [file.read_bytes() for file in folder.glob("events.*")] if done else []
    tracker = TaggedTracker(TensorBoardTracker(folder, done))
    if earlier and not any(tag_of_today in content for content in earlier):
        for epoch, metrics in table.history():
            tracker.record(epoch, metrics)
    return tracker


def _replay_history(tracker: Tracker, table: CsvTracker, experiment: Experiment) -> Tracker:
    """Record the finished epochs again in ``tracker`` and return it, so that its file is complete by itself.

    W&B writes its file in blocks, and a killed training loses the last one. Its server takes one file as the whole
    run.
    """
    for epoch, metrics in table.history():
        if panels := read_panels(experiment.run.path, epoch):
            tracker.show(epoch, tags(panels))
        tracker.record(epoch, metrics)
    return tracker


def _wandb_run(experiment: Experiment) -> WandbRun:
    """Return the W&B run of the run folder: the one on its card, or a new one."""
    recipe, run = experiment.recipe, experiment.run
    mode, project = wandb_mode(recipe.train.wandb.mode), recipe.train.wandb.project
    known = run.card().get("wandb")
    name = known["id"] if known is not None else uuid.uuid4().hex[:16]
    run.update_card(wandb={"id": name, "project": project, "mode": mode})
    return WandbRun(name, project, run.path.name, mode, recipe.model_dump(mode="json"))
