"""``maskwright check``: find the faults of a COCO file."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Quiet, print_json
from maskwright.printing import print_lines


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    images: Annotated[
        Path | None, typer.Option("--images", help="Images folder: opens and checks the files too.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="FILE", help="Another COCO file: report classes that differ, images in both."
        ),
    ] = None,
    against_images: Annotated[
        Path | None,
        typer.Option("--against-images", metavar="DIR", help="Its images folder: compare pictures, not file names."),
    ] = None,
    fix: Annotated[
        Path | None, typer.Option("--fix", metavar="OUT", help="Write a copy with unambiguous faults repaired.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", metavar="FILE", help="With --fix: apply the accepted decisions of a review first."),
    ] = None,
    suspects: Annotated[
        Path | None,
        typer.Option(
            "--suspects", metavar="FILE", help="suspects.json, where the decisions are a labelling tool's export."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Threads that read images [default: cores].")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find every fault of a COCO file. Exit code 1 when there are errors, 0 with warnings only."""
    from maskwright.progress import Reporter
    from maskwright.workflows.check import check

    summary = check(
        annotations,
        images=images,
        against=against,
        against_images=against_images,
        fix=fix,
        decisions=decisions,
        suspects=suspects,
        workers=workers,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(summary.to_json())
    else:
        print_lines(*summary.lines())
    raise typer.Exit(summary.exit_code)
