"""``maskwright predict``."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.options import Json, Quiet, print_json


def command(
    model: Annotated[Path, typer.Argument(help="A run folder, a checkpoint or a model file.", show_default=False)],
    images: Annotated[Path, typer.Argument(help="A folder, a glob in quotes, or one image.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Where results and overlays go.", show_default=False)],
    score: Annotated[float, typer.Option("--score", help="Lowest score of an instance.")] = 0.5,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
    overlays: Annotated[bool, typer.Option(help="Draw the results over the images.")] = True,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Predict images: label maps or COCO results, and overlays to look at."""
    from maskwright.workflows.predict import predict
    from maskwright.workflows.progress import Reporter

    summary = predict(model, images, out, score=score, device=device, overlays=overlays, reporter=Reporter(quiet))
    if json:
        print_json(summary.to_json())
    else:
        print(f"{summary.images} images predicted, {len(summary.skipped)} skipped; results in {summary.folder}")
