"""``maskwright train``: do the stages of a recipe up to the training; or fit one to an annotation file and run it."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.models.listing.records import require_listed_model
from maskwright.outputs.output import free_path
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, classes_among, is_annotations, load_recipe, recipe_label
from maskwright.run_folder import RunFolder
from maskwright.runs.folder import held_run
from maskwright.runs.prepare import require_classes, require_data
from maskwright.runs.starting.earlier_fit import other_options
from maskwright.structures import Task
from maskwright.workflows.init import data_folder_of, init
from maskwright.workflows.run import run, run_path


def train(
    recipe: RecipeLike,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    nodes: int = 1,
    images: str | Path | None = None,
    task: Task | None = None,
    model: str | None = None,
    weights: str | None = None,
    minutes: float | None = None,
    classes: Sequence[str] | None = None,
    reporter: Reporter | None = None,
) -> RunFolder:
    """Check the data, draw the masks and train, as a recipe says; no evaluation, no report.

    Given an annotation file or an export instead of a recipe, fit a recipe to it as ``init`` does and run all of it,
    evaluation and page included.

    Args:
        recipe: The name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``; or
            a COCO file (``.json``, ``.json.gz``) or the folder of an export.
        overrides: ``section.key=value`` each, applied on top of the recipe, such as ``train.epochs=2``.
        out: The run folder; ``runs/NAME`` by default.
        resume: Continue an interrupted training from its last checkpoint.
        devices: How many GPUs, or processes on a CPU, share each batch; the recipe's ``train.devices`` by default.
        nodes: How many machines share each batch, see :func:`maskwright.runs.launch.launch`.
        images: As ``task``, ``model``, ``weights`` and ``minutes`` for annotations only: the folder of the images, by
            default looked for beside them.
        task: ``instance`` or ``semantic``; by default what the machine can train.
        model: A model of the catalogue; by default one that suits the machine.
        weights: ``none``, a published name or a file; by default published weights that are on this machine.
        minutes: How long the whole run may take; 10 by default.
        classes: The names of the classes to train on; by default those with enough objects, or those of the recipe.
        reporter: Where progress goes; standard error by default.

    Returns:
        The run folder; its best model is in ``checkpoints/best``. A fitted recipe lies beside it, ``OUT.yaml``.

    Raises:
        UsageError: The recipe has a fault, a file is missing, or the folder holds another run, or one that is at work.
        DataError: A part of the data has no usable image.
        WeightsError: The starting weights cannot be fetched, read or matched.
        Interrupted: SIGTERM or Ctrl-C came during the training; ``resume`` continues it.

    Example:
        >>> import maskwright as mw
        >>> run = mw.train("demo-semantic", out="runs/short", overrides=["train.epochs=1"])  # doctest: +SKIP
        >>> run.checkpoints.as_posix()  # doctest: +SKIP
        'runs/short/checkpoints'
    """
    reporter = reporter or Reporter()
    fitted = {"images": images, "task": task, "model": model, "weights": weights, "minutes": minutes}
    if is_annotations(recipe):
        options = {"overrides": overrides, "resume": resume, "devices": devices, "nodes": nodes, "reporter": reporter}
        named = classes if classes is not None else classes_among(overrides)
        return _fit_and_run(Path(str(recipe)), fitted | {"classes": named}, out, options)
    if classes is not None:
        overrides = [*overrides, f"classes={json.dumps(list(classes), ensure_ascii=False)}"]
    given = [name for name, value in fitted.items() if value is not None]
    if given:
        raise UsageError(
            f"--{given[0]}: fits a recipe to annotations, and {recipe_label(recipe)} is a recipe; expected a COCO "
            "file. Change a recipe with --set."
        )
    loaded = load_recipe(recipe, overrides, devices)
    path = run_path(recipe, loaded, out)
    require_listed_model(loaded.model.name)
    require_data(loaded)
    files = require_classes(loaded)
    # Imported here: torch takes seconds, in which faults of a recipe are reported.
    from maskwright.runs.stages import train_recipe

    with held_run(path, nodes):
        train_recipe(loaded, path, resume=resume, nodes=nodes, reporter=reporter, source_files=files)
    return RunFolder(path)


def _fit_and_run(
    annotations: Path, fitted: Mapping[str, Any], out: str | Path | None, options: Mapping[str, Any]
) -> RunFolder:
    """Fit a recipe to ``annotations`` and run it; nothing is left when that ends before there is a run folder."""
    folder = Path(out) if out is not None else Path("runs") / _name_of(annotations)
    file = folder.with_name(f"{folder.name}.yaml")
    resume, reporter = options["resume"], options["reporter"]
    changed = other_options(load_recipe(file), fitted) if file.is_file() else []
    if file.is_file() and resume:
        if changed:
            raise _fitted_otherwise(folder, file, changed)
        reporter.say(f"{file}: goes on with the recipe that was fitted before")
        return run(file, out=folder, **options)
    _require_free(folder, file, changed)
    done = init(annotations, out=file, reporter=reporter, **{key: v for key, v in fitted.items() if v is not None})
    reporter.say(f"classes: {done.reasons['classes']}")
    reporter.say(f"recipe: {file}, which says why each choice was made; {done.recipe.train.epochs} epochs")
    try:
        return run(file, out=folder, **options)
    except BaseException:
        if not RunFolder(folder).recipe_file.is_file():  # else --resume goes on with the fitted recipe
            file.unlink(missing_ok=True)
            shutil.rmtree(data_folder_of(file), ignore_errors=True)
        raise


def _name_of(annotations: Path) -> str:
    # Every data.yaml is called so; its folder has the name of the data.
    place = annotations.absolute()
    named = place.parent if place.suffix in (".yaml", ".yml") else place
    return named.name.partition(".")[0].strip("_") or "annotations"


def _require_free(folder: Path, file: Path, changed: Sequence[str]) -> None:
    """Raise ``UsageError`` when the run ``folder`` or its recipe ``file`` is there, with the option to type.

    ``changed`` are the options that the recipe does not follow.
    """
    if not file.is_file() and not os.path.lexists(folder):
        return
    other = ["--out", free_path(folder)]
    if not RunFolder(folder).recipe_file.is_file():
        raise UsageError(
            f"{file if file.is_file() else folder}: exists, and is no run; expected a new run folder and a new recipe. "
            "Choose another run folder with --out."
        ).try_next(added=other)
    finished = "report" in RunFolder(folder).stages
    if changed and not finished:
        raise _fitted_otherwise(folder, file, changed)
    raise UsageError(
        f"{folder}: holds an earlier run; expected a new folder. "
        + (
            "It is finished. Choose another with --out."
            if finished
            else "Go on with it by --resume, or choose another with --out."
        )
    ).try_next(added=other if finished else ["--resume"])


def _fitted_otherwise(folder: Path, file: Path, changed: Sequence[str]) -> UsageError:
    """Return the error for options that the recipe of the earlier run does not follow."""
    return UsageError(
        f"{folder}: holds an earlier run that is not finished, of a recipe that was fitted otherwise; expected its "
        f"{' and '.join(changed)}, as {file} has it, or a new folder. Go on with it by --resume without that, or "
        "choose another with --out."
    ).try_next(added=["--out", free_path(folder)])
