"""Run a recipe on folds of its training data, so that every image is predicted by a model that did not learn it."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.outputs.staging import held_folder
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike
from maskwright.runs.folds.merging import merge_folds
from maskwright.runs.folds.plan import plan_folds
from maskwright.workflows.run import run


@dataclass(frozen=True)
class Folds:
    """The merged ``predictions`` (COCO results) of all folds, and ``numbers``: their scores, pooled and of each."""

    predictions: Path
    numbers: dict[str, Any]


def run_folds(
    recipe: RecipeLike,
    folds: int = 5,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    reporter: Reporter | None = None,
) -> Folds:
    """Run a recipe once for each fold of its training data, and merge what the models predict for images not learnt.

    Images that show the same are in one fold. The best epoch of a fold is chosen on the recipe's validation file, or on
    a tenth of what the fold learns from; never on what it is to predict. Finished folds are not done again.

    Args:
        recipe: As in :func:`maskwright.run`, with ``task: instance``.
        folds: The number of folds, at least 2.
        overrides: ``section.key=value`` each, applied on top of the recipe.
        out: The folder; ``runs/NAME-folds`` by default. It gets ``instances.json`` with the ids of the training file,
            ``classes.json``, ``folds.json`` with the scores, and a run for each fold.
        resume: Continue an interrupted training from its last checkpoint.
        reporter: Where progress goes; standard error by default.

    Returns:
        The path of the merged predictions, and the scores.

    Raises:
        UsageError: The recipe has a fault or is semantic, or the folder holds something else.
        DataError: A fold would have no image.
        Interrupted: SIGTERM or Ctrl-C came during a training; ``resume`` continues it.

    Example:
        >>> import maskwright as mw
        >>> folds = mw.run_folds("demo-instance", 5, out="folds")  # doctest: +SKIP
        >>> review = mw.review("labels.json", folds.predictions, "photos", "review")  # doctest: +SKIP
    """
    reporter = reporter or Reporter()
    plan = plan_folds(recipe, folds, overrides, Path(out) if out is not None else None, reporter)
    with held_folder(plan.path):
        for fold in plan.folds:
            reporter.say(f"fold {fold.number} of {len(plan.folds)}: {fold.images} images held out")
            run(fold.recipe, out=fold.path, resume=resume, reporter=reporter)
            gc.collect()
        numbers = merge_folds(plan)
    return Folds(Path(numbers["predictions"]), numbers)
