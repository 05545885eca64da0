"""Extend a finished run: its training goes on from the last state, with more epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.files import write_text
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump, load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs.data_check import require_same_data
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import OpenRun, open_run, recipe_differences
from maskwright.training.checkpoint import read_state
from maskwright.training.state import Position

# What may change when a training goes on. Other keys decide what the weights so far have learnt.
MAY_CHANGE = (
    "train.epochs", "train.schedule", "train.patience", "train.validate_every", "train.checkpoint_every",
    "train.validation_loss", "train.measure_training", "train.trackers", "evaluate", "report",
)  # fmt: skip
_STAGES_AGAIN = ("train", "evaluate", "report")


@dataclass(frozen=True)
class Extension:
    """A finished run that is to go on with another ``recipe``, from the ``position`` that its training reached."""

    run: OpenRun
    recipe: Recipe
    position: Position

    def begin(self) -> None:
        """Give the run folder the recipe, and take back that the training and what follows it are finished.

        From here on the run is one whose training was interrupted: it resumes, and no earlier than its last state.
        """
        before = self.run.recipe.train.epochs
        again = [*self.run.card().get("extended", []), {"epochs": before, "reached": self.position.epoch}]
        self.run.reset_stages(_STAGES_AGAIN)
        write_text(self.run.files.recipe_file, dump(self.recipe))
        self.run.update_card(extended=again)
        self.run.reporter.say(
            f"train: goes on after {self.position} to epoch {self.recipe.train.epochs}, as if planned so: the schedule "
            f"({self.recipe.train.schedule.name}) is at {self.position.epoch / self.recipe.train.epochs:.0%} of its "
            f"length; the best model so far is that of epoch {self.position.best_epoch}"
        )


def plan_extension(path: Path, changes: Sequence[str], reporter: Reporter) -> Extension:
    """Return the extension of the finished run at ``path`` by ``changes``, ``section.key=value`` each.

    Nothing is written.

    Raises ``UsageError`` when there is no run, its training is not finished, a change is none that may be made, or it
    leaves nothing to train; ``DataError`` when the data have changed.
    """
    run = open_run(path, reporter)
    if not run.is_finished("train"):
        raise UsageError(
            f"{path}: its training is not finished; expected a finished run to extend. Finish it first: maskwright "
            f"run {path} --resume"
        )
    recipe = load_recipe(run.recipe, changes)
    _require_allowed(path, run.recipe, recipe)
    state = read_state(path / "checkpoints" / "last")
    if state is None:
        raise UsageError(
            f"{path}: checkpoints/last is missing; expected the state from which the training goes on. Start a new run "
            f"from the model: --set model.weights={path / 'checkpoints' / 'best' / 'model.safetensors'}"
        )
    position = Position(**state["position"])
    _require_work(path, recipe, position)
    require_same_data(run, Experiment(run).prepared)
    return Extension(run, recipe, position)


def _require_allowed(path: Path, before: Recipe, after: Recipe) -> None:
    changed = recipe_differences(before, after)
    refused = [key for key in changed if not f"{key}.".startswith(tuple(f"{each}." for each in MAY_CHANGE))]
    if refused:
        raise UsageError(
            f"--extend {', '.join(refused)}: cannot change in a training that goes on, as its weights come from the "
            f"earlier value; expected {', '.join(MAY_CHANGE)}. To change {refused[0]}, start another run, from these "
            f"weights with --set model.weights={path / 'checkpoints' / 'best' / 'model.safetensors'}"
        )


def _require_work(path: Path, recipe: Recipe, position: Position) -> None:
    epochs, patience = recipe.train.epochs, recipe.train.patience
    if epochs <= position.epoch:
        raise UsageError(
            f"--extend train.epochs={epochs}: {path} has trained {position.epoch} epochs already; expected more, such "
            f"as --extend train.epochs={2 * position.epoch}."
        )
    if patience is not None and position.epoch - position.best_epoch >= patience > 0:
        raise UsageError(
            f"{path}: ended early after {position}, {position.epoch - position.best_epoch} epochs after its best; it "
            f"would end at once. Add --extend train.patience=null, or a number above "
            f"{position.epoch - position.best_epoch}."
        )
