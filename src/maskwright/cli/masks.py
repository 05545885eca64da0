"""``maskwright masks``."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.options import Json, Quiet, print_json


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the label maps.", show_default=False)],
    mode: Annotated[str, typer.Option("--mode", help="multiclass or binary.")] = "multiclass",
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", help="Class names, comma-separated; the order gives the labels [default: all]."),
    ] = None,
    overlap: Annotated[
        str, typer.Option("--overlap", help="Who keeps a shared pixel: last, first, smallest or highest-index.")
    ] = "last",
    crowd: Annotated[str, typer.Option("--crowd", help="Crowd regions: ignore, include or skip.")] = "ignore",
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that draw [default: as pays off].")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Label maps as PNG from COCO annotations, equal to pycocotools to the pixel, with classes.json and classes.txt."""
    from maskwright.workflows.masks import masks
    from maskwright.workflows.progress import Reporter

    names = [name.strip() for value in classes or () for name in value.split(",")] or None
    reporter = Reporter(quiet)
    summary = masks(
        annotations, out, mode=mode, classes=names, overlap=overlap, crowd=crowd, workers=workers, reporter=reporter
    )
    audit = summary.audit
    reporter.warn(audit.lines())
    if json:
        print_json(summary.to_json())
        return
    skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(audit.skipped.items())) or "none"
    print(f"{summary.files} label maps in {summary.folder}")
    print(f"annotations: {audit.found} found = {audit.used} used + {sum(audit.skipped.values())} skipped ({skipped})")
