"""``maskwright demo``: run every stage on built-in data."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Quiet
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    out: Annotated[Path, typer.Option("--out", help="Folder for the two runs.")] = Path("maskwright-demo"),
    full: Annotated[bool, typer.Option("--full", help="Train larger models, for 3 to 4 times as long.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train and score two models on built-in data; minutes on a CPU."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.workflows.demo import demo

    print_lines(*demo(out, reporter=Reporter(quiet), full=full).splitlines())
