"""``maskwright demo``: every stage on built-in data, for a semantic and for an instance model."""

import math
import sys
from collections.abc import Mapping
from pathlib import Path

from maskwright.parallel.companion import Companion, do_as_companion
from maskwright.parallel.pool import cores
from maskwright.progress import Reporter
from maskwright.run_folder import RunFolder
from maskwright.runs.score_summary import score_summary
from maskwright.workflows.run import run

SHORT = ("demo-semantic-short", "demo-instance-short")
FULL = ("demo-semantic", "demo-instance")


def demo(out: str | Path = Path("maskwright-demo"), reporter: Reporter | None = None, *, full: bool = False) -> str:
    """Run two demo recipes, a semantic and an instance model, on built-in data; minutes on a CPU.

    The models of the short demo are trained side by side, each on one core, where there are two: small networks gain
    little from a second one. The lines of the second run are shown after those of the first.

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
    folders = {recipe: Path(out) / recipe for recipe in (FULL if full else SHORT)}
    if full or cores() < 2 or not sys.executable:
        for recipe, folder in folders.items():
            reporter.say(f"== {recipe} ==")
            run(recipe, out=folder, reporter=reporter)
    else:
        run_side_by_side(folders, reporter)
    lines = []
    for recipe, folder in folders.items():
        lines += [recipe, *score_summary(RunFolder(folder))]
    return "\n".join(lines)


def run_side_by_side(folders: Mapping[str, Path], reporter: Reporter) -> None:
    """Run the first recipe of ``folders`` in this process and the second in one of its own, each into its folder.

    Raises what a run raises; the other one is then stopped.
    """
    (first, into), (second, beside) = folders.items()
    arguments = [second, str(beside), *(["--quiet"] if reporter.quiet else [])]
    with Companion(demo.__module__, arguments, second) as companion:
        reporter.say(f"== {first} ==")
        run(first, out=into, reporter=reporter)
        reporter.say(f"== {second} (trained meanwhile, on another core) ==")
        companion.follow(reporter.notice)


def _beside(recipe: str, folder: str, *options: str) -> None:
    # Lines of progress inside an epoch would be old when they are shown.
    run(recipe, out=folder, reporter=Reporter("--quiet" in options, seconds_between_lines=math.inf))


if __name__ == "__main__":
    sys.exit(do_as_companion(lambda: _beside(*sys.argv[1:])))
