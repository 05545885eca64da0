"""``maskwright explore``: show what a COCO file holds."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.printing import print_lines


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    images: Annotated[
        Path | None, typer.Option("--images", help="Images folder: shows images with their masks; needs --out.")
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--classes", help="Class names, comma-separated [default: all].")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for explore.html, statistics.json and figures.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Count the classes, sizes and overlaps of a COCO file. With --out, write figures and a page."""
    from maskwright.progress import Reporter
    from maskwright.reports.explore.text import explore_lines
    from maskwright.workflows.explore import explore

    names = [name.strip() for value in classes or () for name in value.split(",")] or None
    reporter = Reporter(quiet)
    found = explore(annotations, images=images, classes=names, out=out, overwrite=overwrite, reporter=reporter)
    reporter.warn([*found.audit.lines(), *found.remarks])
    if json:
        print_json(found.to_json())
        return
    print_lines(*explore_lines(found.statistics, found.audit))
    if found.page is not None:
        print_lines(f"page: {found.page}")
