"""Run folders on ten drawn images, begun and not trained."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.masks import masks_stage


def begun(folder: Path, *overrides: str, recipe: str = "demo-semantic") -> Experiment:
    """An experiment of which nothing has been done."""
    small = ["data.shapes={train: 10, validation: 2, seed: 3}", "train.batch_size=4", "model.input.size=64"]
    return Experiment(create_run(load_recipe(recipe, [*small, *overrides]), folder, Reporter(quiet=True)))


def with_masks(folder: Path, *overrides: str) -> Experiment:
    """A semantic experiment whose label maps are drawn."""
    made = begun(folder, *overrides)
    masks_stage(made)
    return made
