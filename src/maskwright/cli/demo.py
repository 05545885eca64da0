"""``maskwright demo``."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.options import Quiet


def command(
    out: Annotated[Path, typer.Option("--out", help="Folder for the two runs.")] = Path("maskwright-demo"),
    quiet: Quiet = False,
) -> None:
    """The whole job on built-in data: check, masks, a semantic and an instance model, scores, report."""
    from maskwright.progress import Reporter
    from maskwright.workflows.demo import demo

    print(demo(out, reporter=Reporter(quiet)))
