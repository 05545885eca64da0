"""``maskwright demo``: every stage on built-in data, for a semantic and for an instance model."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.runs.score_summary import score_summary
from maskwright.workflows.run import run

SHORT = ("demo-semantic-short", "demo-instance-short")
FULL = ("demo-semantic", "demo-instance")


def demo(out: str | Path = Path("maskwright-demo"), reporter: Reporter | None = None, *, full: bool = False) -> str:
    """Run two demo recipes, a semantic and an instance model, on built-in data; minutes on a CPU.

    Args:
        out: The folder of the two runs, each named as its recipe.
        reporter: Where progress goes; standard error by default.
        full: Train larger models, to higher scores; it takes three to four times as long.

    Returns:
        The scores of both runs and the paths of their pages, as text.

    Raises:
        UsageError: A folder below ``out`` holds something other than the demo's run.
        Interrupted: SIGTERM or Ctrl-C came during a training.

    Example:
        >>> import maskwright as mw
        >>> print(mw.demo("demo"))  # doctest: +SKIP
    """
    reporter = reporter or Reporter()
    lines = []
    for recipe in FULL if full else SHORT:
        reporter.say(f"== {recipe} ==")
        lines += [recipe, *score_summary(run(recipe, out=Path(out) / recipe, reporter=reporter))]
    return "\n".join(lines)
