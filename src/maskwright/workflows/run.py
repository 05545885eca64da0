"""``maskwright run``: do every stage of a recipe in one run folder."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.models.listing.records import require_listed_model
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.parallel.torchrun import is_launched, is_main_process
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, is_annotations, is_run_folder, load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.folder import held_run
from maskwright.runs.prepare import require_classes, require_data
from maskwright.synthetic.shape_parts import drawn_ahead


def run(
    recipe: RecipeLike,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    extend: Sequence[str] = (),
    devices: int | None = None,
    nodes: int = 1,
    reporter: Reporter | None = None,
) -> RunFolder:
    """Check the data, draw the masks, train, evaluate and report, as a recipe says.

    Finished stages are not done again. Faults of the recipe, its files, its model and its weights are found before any
    work starts. In a process that torchrun started, torchrun's number of processes counts, and only the first process
    does more than train.

    Args:
        recipe: The name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``.
            The path of a run folder is its recipe, and the folder itself the default of ``out``.
        overrides: ``section.key=value`` each, applied on top of the recipe, such as ``train.epochs=2``.
        out: The run folder; ``runs/NAME`` by default.
        resume: Continue an interrupted training from its last checkpoint. Without it, a folder with such a training is
            refused.
        extend: ``section.key=value`` each, such as ``train.epochs=50``: a finished run goes on from its last state. Its
            own recipe with these changes counts, and only those that a training that goes on can take are accepted.
        devices: How many GPUs, or processes on a CPU, share each batch; the recipe's ``train.devices`` by default.
        nodes: How many machines share each batch, see :func:`maskwright.runs.launch.launch`.
        reporter: Where progress goes; standard error by default. ``Reporter(quiet=True)`` prints warnings only.

    Returns:
        The run folder: its files by name, ``scores``, ``card`` and ``page``.

    Raises:
        UsageError: The recipe has a fault, a file is missing, or the folder holds another run, or one that is at work.
        DataError: A part of the data has no usable image.
        WeightsError: The starting weights cannot be fetched, read or matched.
        Interrupted: SIGTERM or Ctrl-C came during the training; ``resume`` continues it.

    Example:
        >>> import maskwright as mw
        >>> run = mw.run("demo-instance", overrides=["train.epochs=2"])  # doctest: +SKIP
        >>> run.scores["validation"]["segm"]["AP50"] >= 0  # doctest: +SKIP
        True
    """
    reporter = reporter or Reporter()
    if is_annotations(recipe):
        # Imported here: it reads annotations, which the import of this module should not wait for.
        from maskwright.runs.starting.given_annotations import require_recipe

        require_recipe(recipe)
    loaded = load_recipe(recipe, overrides, devices)
    path = run_path(recipe, loaded, out)
    if extend:
        return _extended(path, extend, overrides, nodes, reporter)
    require_listed_model(loaded.model.name)
    shapes = loaded.data.shapes if loaded.train.devices * nodes == 1 and not path.exists() else None
    with drawn_ahead(shapes.model_dump() if shapes is not None else None) as drawn:
        require_data(loaded)
        files = require_classes(loaded)
        # Imported here: torch takes seconds, in which another process draws built-in images.
        with collector_paused():
            from maskwright.runs.stages import train_recipe

        with held_run(path, nodes):
            experiment = train_recipe(
                loaded, path, resume=resume, nodes=nodes, reporter=reporter, drawn=drawn, source_files=files
            )
            if is_main_process(nodes):
                # Imported here: it imports matplotlib, and would delay the training.
                from maskwright.runs.last_stages import evaluate_and_report

                evaluate_and_report(path, reporter, experiment)
    return RunFolder(path)


def run_path(recipe: RecipeLike, loaded: Recipe, out: str | Path | None) -> Path:
    """Return the run folder: ``out``, else ``recipe`` where that is one, else ``runs/NAME``."""
    if out is not None:
        return Path(out)
    return Path(str(recipe)) if is_run_folder(recipe) else Path("runs") / loaded.name


def _extended(
    path: Path, changes: Sequence[str], overrides: Sequence[str], nodes: int, reporter: Reporter
) -> RunFolder:
    if overrides:
        raise UsageError(f"--set {overrides[0]}: a finished run keeps its recipe; expected --extend {overrides[0]}.")
    with collector_paused():
        from maskwright.runs.last_stages import evaluate_and_report
        from maskwright.runs.stages import train_recipe
        from maskwright.runs.starting.extension import plan_extension

    if nodes > 1 or is_launched():
        raise UsageError("--extend: begins on one machine; expected no --nodes. Leave it out.")
    extension = plan_extension(path, changes, reporter)
    with held_run(path):
        experiment = train_recipe(extension.recipe, path, resume=True, reporter=reporter, extension=extension)
        evaluate_and_report(path, reporter, experiment)
    return RunFolder(path)
