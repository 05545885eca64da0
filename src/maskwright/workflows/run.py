"""``maskwright run``: every stage of a recipe in one run folder."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, load_recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.processes import is_main_process
from maskwright.runs.stages import evaluate_and_report, train_recipe


def run(
    recipe: RecipeLike,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    nodes: int = 1,
    reporter: Reporter | None = None,
) -> RunFolder:
    """Check, draw masks, train, evaluate and report as ``recipe`` says.

    Stages that the folder records as finished are not done again. Everything that can be wrong with the recipe, its
    files, its model and its weights is said before any work is done. In a process that torchrun started, its own number
    of processes counts, and only the first does anything besides training.

    Args:
        recipe: the name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``.
        overrides: ``section.key=value`` each, applied on top of the recipe, as in ``train.epochs=2``.
        out: the run folder; ``runs/NAME`` by default.
        resume: go on with an interrupted training from its last checkpoint. Without it such a training is refused
            rather than thrown away.
        devices: how many GPUs, or processes on a CPU, share each batch; the recipe's ``train.devices`` by default.
        nodes: how many machines share it, see :func:`maskwright.runs.launch.launch`.
        reporter: where progress goes; the terminal by default, ``Reporter(quiet=True)`` for nowhere.

    Returns:
        The run folder: its files by name, ``scores``, ``card`` and ``page``.

    Raises:
        UsageError: for a fault of the recipe, a missing file, or a folder of another run.
        DataError: for data without a usable image.
        WeightsError: for weights that cannot be fetched, read or matched.
        Interrupted: after SIGTERM or Ctrl-C; ``resume`` goes on from there.

    Example:
        >>> import maskwright as mw
        >>> run = mw.run("demo-instance", overrides=["train.epochs=2"])  # doctest: +SKIP
        >>> run.scores["validation"]["segm"]["AP"]  # doctest: +SKIP
        0.57
    """
    reporter = reporter or Reporter()
    loaded = load_recipe(recipe, overrides, devices)
    path = Path(out) if out is not None else Path("runs") / loaded.name
    experiment = train_recipe(loaded, path, resume=resume, nodes=nodes, reporter=reporter)
    if is_main_process(nodes):
        evaluate_and_report(path, reporter, experiment)
    return RunFolder(path)
