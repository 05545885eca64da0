"""``maskwright train``: the stages of a recipe up to the training."""

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
    """Check, draw masks and train as ``recipe`` says; no evaluation, no report.

    Args:
        recipe: the name of a shipped recipe, the path of a YAML file, a dictionary of its sections, or a ``Recipe``.
        overrides: ``section.key=value`` each, applied on top of the recipe.
        out: the run folder; ``runs/NAME`` by default.
        resume: go on with an interrupted training from its last checkpoint.
        devices: how many GPUs, or processes on a CPU, share each batch.
        nodes: how many machines share it.
        reporter: where progress goes.

    Returns:
        The run folder; its best model lies in ``checkpoints/best``.

    Raises:
        UsageError, DataError, WeightsError, Interrupted: as :func:`maskwright.run`.

    Example:
        >>> import maskwright as mw
        >>> mw.train("demo-semantic", out="runs/short", overrides=["train.epochs=1"]).checkpoints  # doctest: +SKIP
        PosixPath('runs/short/checkpoints')
    """
    loaded = load_recipe(recipe, overrides, devices)
    path = Path(out) if out is not None else Path("runs") / loaded.name
    train_recipe(loaded, path, resume=resume, nodes=nodes, reporter=reporter or Reporter())
    return RunFolder(path)
