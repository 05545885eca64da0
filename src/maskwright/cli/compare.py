"""``maskwright compare``: compare runs, or the results of any tools, on the same images."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL…",
        help="Runs, or results with --truth; PATH,PATH for several seeds of one model, NAME=PATH to name it.",
        show_default=False,
    ),
]


def command(
    models: Models,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="COCO file, or folder of label maps, to score results of any tools against."),
    ] = None,
    part: Annotated[str, typer.Option("--part", help="Part of the data of runs.")] = "validation",
    images: Annotated[Path | None, typer.Option("--images", help="Images folder, for the pictures of results.")] = None,
    score: Annotated[
        float, typer.Option("--score", help="Lowest score of a detection in pictures and in scores of single images.")
    ] = 0.5,
    samples: Annotated[int, typer.Option("--samples", help="Bootstrap samples, and exchanges for p values.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of both.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for compare.json and the page.")] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compare models on the same images: differences with intervals, and a verdict."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.reports.compare.text import compare_lines
        from maskwright.workflows.compare import PAGE, compare

    found = compare(
        *models,
        truth=truth,
        part=part,
        images=images,
        score=score,
        samples=samples,
        seed=seed,
        out=out,
        overwrite=overwrite,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(found.to_json())
    else:
        print_lines(*compare_lines(found.numbers), *([f"page: {found.path / PAGE}"] if found.path else []))
