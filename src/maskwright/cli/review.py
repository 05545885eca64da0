"""``maskwright review``: find suspected label errors by the predictions of a model."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    predictions: Annotated[
        Path,
        typer.Argument(
            help="COCO results for its images, or their folder, as run --folds makes it.", show_default=False
        ),
    ],
    images: Annotated[Path, typer.Option("--images", help="Images folder.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the page and the list of suspects.")],
    most: Annotated[int, typer.Option("--max", min=1, help="Suspects on the page; the files have all.")] = 200,
    tasks: Annotated[
        list[str] | None,
        typer.Option(
            "--tasks",
            metavar="TOOL",
            help="Write the suspects for a labelling tool too: label-studio or cvat; can be repeated.",
        ),
    ] = None,
    image_address: Annotated[
        str | None,
        typer.Option(
            "--image-address",
            metavar="ADDRESS",
            help="Before the images' names in Label Studio's tasks [default: its local files].",
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Rank suspected label errors by the evidence of predictions, on a page that takes decisions."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.reports.review.text import review_lines
        from maskwright.workflows.review import review

    found = review(
        annotations,
        predictions,
        images,
        out,
        most=most,
        tasks=tasks or (),
        image_address=image_address,
        overwrite=overwrite,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(found.to_json())
    else:
        print_lines(*review_lines(found.numbers), "", f"page: {found.page}")
