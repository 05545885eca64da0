"""``maskwright train``: do the stages of a recipe up to the training; or fit one to an annotation file and run it."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, is_run_folder, load_recipe, recipe_label, shipped_recipes
from maskwright.run_folder import RunFolder
from maskwright.structures import Task
from maskwright.workflows.init import init
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
        file = fitted_recipe(Path(str(recipe)), fitted, out, resume, reporter)
        options = {"resume": resume, "devices": devices, "nodes": nodes, "reporter": reporter}
        return run(file, overrides=overrides, out=file.with_suffix(""), **options)
    given = [name for name, value in fitted.items() if value is not None]
    if given:
        raise UsageError(
            f"--{given[0]}: fits a recipe to annotations, and {recipe_label(recipe)} is a recipe; expected a COCO "
            "file. Change a recipe with --set."
        )
    loaded = load_recipe(recipe, overrides, devices)
    path = run_path(recipe, loaded, out)
    # Imported here: torch takes seconds, in which faults of a recipe are reported.
    from maskwright.runs.processes import held_run
    from maskwright.runs.stages import train_recipe

    with held_run(path, nodes):
        train_recipe(loaded, path, resume=resume, nodes=nodes, reporter=reporter)
    return RunFolder(path)


def is_annotations(recipe: RecipeLike) -> bool:
    """Return whether ``recipe`` is an annotation file or the folder of an export, and no recipe."""
    if not isinstance(recipe, str | Path) or is_run_folder(recipe):
        return False
    path = Path(recipe)
    if path.suffix in (".yaml", ".yml") and path.is_file():  # YOLO's data.yaml has names, and no model
        keys = set(re.findall(r"^(\w+):", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
        return "names" in keys and "model" not in keys
    return path.name.endswith((".json", ".json.gz")) or (path.is_dir() and str(recipe) not in shipped_recipes())


def fitted_recipe(
    annotations: Path, fitted: Mapping[str, Any], out: str | Path | None, resume: bool, reporter: Reporter
) -> Path:
    """Return the recipe beside the run folder ``out``: that of an interrupted run, or one fitted to ``annotations``."""
    # Every data.yaml is called so; its folder has the name of the data.
    place = annotations.absolute()
    named = place.parent if place.suffix in (".yaml", ".yml") else place
    name = named.name.partition(".")[0].strip("_") or "annotations"
    folder = Path(out) if out is not None else Path("runs") / name
    file = folder.with_name(f"{folder.name}.yaml")
    if file.is_file() and resume:
        reporter.say(f"{file}: goes on with the recipe that was fitted before")
        return file
    if file.is_file() or os.path.lexists(folder):
        raise UsageError(
            f"{folder}: holds an earlier run; expected a new folder. Go on with it by --resume, or choose another with "
            "--out."
        )
    done = init(annotations, out=file, reporter=reporter, **{key: v for key, v in fitted.items() if v is not None})
    reporter.say(f"classes: {done.reasons['classes']}")
    reporter.say(f"recipe: {file}, which says why each choice was made; {done.recipe.train.epochs} epochs")
    return file
