"""``maskwright train``: do the stages of a recipe up to the training."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, load_recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.stages import train_recipe


def train(
    recipe: RecipeLike,
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    devices: int | None = None,
    nodes: int = 1,
    reporter: Reporter | None = None,
) -> RunFolder:
    """Check the data, draw the masks and train, as a recipe says; no evaluation, no report.

    Args:
        recipe: The name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``.
        overrides: ``section.key=value`` each, applied on top of the recipe, such as ``train.epochs=2``.
        out: The run folder; ``runs/NAME`` by default.
        resume: Continue an interrupted training from its last checkpoint.
        devices: How many GPUs, or processes on a CPU, share each batch; the recipe's ``train.devices`` by default.
        nodes: How many machines share each batch, see :func:`maskwright.runs.launch.launch`.
        reporter: Where progress goes; standard error by default.

    Returns:
        The run folder; its best model is in ``checkpoints/best``.

    Raises:
        UsageError: The recipe has a fault, a file is missing, or the folder holds another run.
        DataError: A part of the data has no usable image.
        WeightsError: The starting weights cannot be fetched, read or matched.
        Interrupted: SIGTERM or Ctrl-C came during the training; ``resume`` continues it.

    Example:
        >>> import maskwright as mw
        >>> run = mw.train("demo-semantic", out="runs/short", overrides=["train.epochs=1"])  # doctest: +SKIP
        >>> run.checkpoints.as_posix()  # doctest: +SKIP
        'runs/short/checkpoints'
    """
    loaded = load_recipe(recipe, overrides, devices)
    path = Path(out) if out is not None else Path("runs") / loaded.name
    train_recipe(loaded, path, resume=resume, nodes=nodes, reporter=reporter or Reporter())
    return RunFolder(path)
