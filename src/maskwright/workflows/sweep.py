"""Variants of one recipe, each a run folder of its own, and one table that compares them."""

import gc
import traceback
from collections.abc import Sequence
from pathlib import Path

from maskwright.errors import MaskwrightError
from maskwright.files import write_json, write_text
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, recipe_label
from maskwright.reports.sweep.outcome import Sweep, read_outcome
from maskwright.reports.sweep.page import render_sweep_page
from maskwright.reports.sweep.tables import csv_text
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
    """Run every combination of the values in ``sweeps`` (``loss=ce,dice_ce``), see :mod:`maskwright.recipes.variants`.

    Each variant is a run folder, named after it, in ``out`` (default ``runs/NAME-sweep``), made by
    :func:`maskwright.workflows.run.run` with the overrides that all share and its own after them, from one seed.
    ``sweep.json``, ``sweep.csv`` and the page ``sweep.html`` there compare them and are written anew after each.
    A finished variant is not done again. One that fails is said and recorded with its error, and the others go on.

    Raises ``UsageError`` or ``WeightsError`` before anything is begun when any variant cannot be run,
    ``Interrupted`` after SIGTERM or Ctrl-C, from which ``resume`` goes on.
    """
    reporter = reporter or Reporter()
    shared = [*overrides, *([f"train.devices={devices}"] if devices is not None else [])]
    path, planned = plan_sweep(recipe, sweeps, shared, Path(out) if out is not None else None, resume)
    errors: dict[str, str] = {}
    compared = _compare(path, recipe_label(recipe), shared, planned, errors)
    for number, item in enumerate(planned, start=1):
        reporter.say(f"variant {number} of {len(planned)}: {item.variant.name}")
        try:
            error = _run(item, resume, reporter)
        except Interrupted:
            _compare(path, recipe_label(recipe), shared, planned, errors)
            raise
        if error is not None:
            errors[item.variant.name] = error
            reporter.warn([f"{item.variant.name}: failed: {error}"])
        compared = _compare(path, recipe_label(recipe), shared, planned, errors)
        # A model that failed is part of a cycle; its memory is needed for the next.
        gc.collect()
    return compared


def _run(item: Planned, resume: bool, reporter: Reporter) -> str | None:
    """Run one variant; what went wrong, if anything did that the others may not suffer from."""
    try:
        run(item.recipe, out=item.path, resume=resume, reporter=reporter)
    except Interrupted:
        raise
    except MaskwrightError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    except Exception as error:
        reporter.warn([traceback.format_exc().rstrip()])
        return f"{type(error).__name__}: {error}"
    return None


def _compare(
    path: Path, recipe: str, overrides: Sequence[str], planned: Sequence[Planned], errors: dict[str, str]
) -> Sweep:
    """Read what there is of each variant and write the comparison."""
    first = planned[0].recipe
    outcomes = [read_outcome(item.variant, item.path, first.task, errors.get(item.variant.name)) for item in planned]
    compared = Sweep(path, recipe, first.name, first.task, first.seed, overrides, outcomes)
    write_json(path / SUMMARY, compared.to_json())
    write_text(path / "sweep.csv", csv_text(compared))
    write_text(path / PAGE, render_sweep_page(compared))
    return compared
