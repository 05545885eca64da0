"""The demo: the whole job on built-in data, once for a semantic and once for an instance model."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.workflows.run import headline, run

RECIPES = ("demo-semantic", "demo-instance")


def demo(out: Path = Path("maskwright-demo"), reporter: Reporter | None = None) -> str:
    """Run the two demo recipes below ``out``; returns the scores and where the pages lie, as text."""
    reporter = reporter or Reporter()
    parts = []
    for recipe in RECIPES:
        reporter.say(f"== {recipe} ==")
        path = run(recipe, out=out / recipe, reporter=reporter)
        parts.append(f"{recipe}\n{headline(path)}")
    return "\n".join(parts)
