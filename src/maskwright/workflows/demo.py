"""``maskwright demo``: the whole job on built-in data, for a semantic and for an instance model."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.runs.score_summary import score_summary
from maskwright.workflows.run import run

RECIPES = ("demo-semantic", "demo-instance")


def demo(out: str | Path = Path("maskwright-demo"), reporter: Reporter | None = None) -> str:
    """Run the two demo recipes below ``out``; returns the scores and where the pages lie, as text."""
    reporter = reporter or Reporter()
    parts = []
    for recipe in RECIPES:
        reporter.say(f"== {recipe} ==")
        parts.append(f"{recipe}\n{score_summary(run(recipe, out=Path(out) / recipe, reporter=reporter))}")
    return "\n".join(parts)
