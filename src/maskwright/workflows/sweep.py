"""Sweep a recipe: run each variant in a run folder of its own and compare them in one table."""

import gc
import traceback
from collections.abc import Sequence
from pathlib import Path

from maskwright.errors import MaskwrightError
from maskwright.files import write_json, write_text
from maskwright.outputs.staging import held_folder
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, recipe_label
from maskwright.reports.sweep.outcome import Sweep, read_outcome
from maskwright.reports.sweep.page import render_sweep_page
from maskwright.reports.sweep.tables import csv_text, sweep_tables
from maskwright.reports.table_files import write_tables
from maskwright.runs.sweep_plan import SUMMARY, Planned, plan_sweep
from maskwright.training.interruption import Interrupted
from maskwright.workflows.run import run

PAGE = "sweep.html"


def sweep(
    recipe: RecipeLike,
    sweeps: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    reporter: Reporter | None = None,
) -> Sweep:
    """Run every combination of the swept values of a recipe and compare the variants.

    Each variant is a run folder in ``out``, named after its values and made by :func:`~maskwright.workflows.run.run`.
    All variants use the recipe's seed unless it is swept. ``sweep.json``, ``sweep.csv`` and the page ``sweep.html``
    compare them and are written after each variant. Finished variants are not done again. A variant that fails is
    recorded with its error, and the others continue.

    Args:
        recipe: The name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``.
        sweeps: ``key=value,value`` each, such as ``loss=ce,dice_ce``. Several give every combination.
        overrides: ``section.key=value`` each, applied to every variant.
        out: The folder of the sweep; ``runs/NAME-sweep`` by default.
        resume: Continue interrupted trainings from their last checkpoints.
        devices: How many GPUs, or processes on a CPU, share each batch; the recipe's ``train.devices`` by default.
        reporter: Where progress goes; standard error by default.

    Returns:
        The outcome of each variant with its scores, and the best variant.

    Raises:
        UsageError: A sweep, the recipe, the data, the model or the folder of a variant has a fault; checked for all
            variants before the first starts.
        WeightsError: The starting weights of a variant cannot be fetched, read or matched.
        Interrupted: SIGTERM or Ctrl-C came during a training; ``resume`` continues it.

    Example:
        >>> import maskwright as mw
        >>> compared = mw.sweep("demo-semantic", ["loss=ce,dice_ce"], out="runs/losses")  # doctest: +SKIP
        >>> [outcome.variant.name for outcome in compared.outcomes]  # doctest: +SKIP
        ['loss=ce', 'loss=dice_ce']
    """
    reporter = reporter or Reporter()
    shared = [*overrides, *([f"train.devices={devices}"] if devices is not None else [])]
    path, planned = plan_sweep(recipe, sweeps, shared, Path(out) if out is not None else None, resume)
    with held_folder(path):
        return _run_all(path, recipe_label(recipe), shared, planned, resume, reporter)


def _run_all(
    path: Path, recipe: str, shared: Sequence[str], planned: Sequence[Planned], resume: bool, reporter: Reporter
) -> Sweep:
    """Run the variants one after another, and compare after each."""
    errors: dict[str, str] = {}
    compared = _compare(path, recipe, shared, planned, errors)
    for number, item in enumerate(planned, start=1):
        reporter.say(f"variant {number} of {len(planned)}: {item.variant.name}")
        try:
            error = _run(item, resume, reporter)
        except Interrupted:
            _compare(path, recipe, shared, planned, errors)
            raise
        if error is not None:
            errors[item.variant.name] = error
            first, *more = error.split("\n")
            reporter.warn([f"{item.variant.name}: failed: {first}", *more])
        compared = _compare(path, recipe, shared, planned, errors)
        # The model of a failed variant is in a reference cycle; the next variant needs its memory.
        gc.collect()
    return compared


def _run(item: Planned, resume: bool, reporter: Reporter) -> str | None:
    """Run one variant; return the error that must not stop the other variants, or None."""
    try:
        run(item.recipe, out=item.path, resume=resume, reporter=reporter)
    except Interrupted:
        raise
    except MaskwrightError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    except Exception as error:
        reporter.warn(traceback.format_exc().rstrip().split("\n"))
        return f"{type(error).__name__}: {error}"
    return None


def _compare(
    path: Path, recipe: str, overrides: Sequence[str], planned: Sequence[Planned], errors: dict[str, str]
) -> Sweep:
    """Read the outcome of each variant so far, write the comparison and return it."""
    first = planned[0].recipe
    outcomes = [read_outcome(item.variant, item.path, first.task, errors.get(item.variant.name)) for item in planned]
    compared = Sweep(path, recipe, first.name, first.task, first.seed, overrides, outcomes)
    write_json(path / SUMMARY, compared.to_json())
    write_text(path / "sweep.csv", csv_text(compared))
    write_text(path / PAGE, render_sweep_page(compared))
    write_tables(path, sweep_tables(compared))
    return compared
