"""``maskwright predict``: predict images."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import (
    Compiled,
    Json,
    Overlap,
    Overwrite,
    PrecisionName,
    Quiet,
    Rider,
    Taxonomy,
    TileSide,
    print_json,
)
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    model: Annotated[Path, typer.Argument(help="A run folder, a checkpoint or a model file.", show_default=False)],
    images: Annotated[
        list[Path],
        typer.Argument(help="A folder, images, a glob, a ZIP, a video, or - for a list on stdin.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for results and overlays.", show_default=False)],
    score: Annotated[float, typer.Option("--score", help="Instances: lowest score of an object.")] = 0.5,
    batch: Annotated[
        str, typer.Option("--batch", help="Images, or tiles, that the model sees at once; or auto.")
    ] = "1",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    overlays: Annotated[bool, typer.Option(help="Draw the results over the images.")] = True,
    cutouts: Annotated[
        bool, typer.Option("--cutouts", help="Instances: a PNG of each object alone, transparent around it.")
    ] = False,
    flip: Annotated[bool, typer.Option("--flip", help="Semantic: average with the mirror image.")] = False,
    scales: Annotated[
        str, typer.Option("--scales", help="Semantic: average over input scales, e.g. 0.75,1,1.25.")
    ] = "1",
    tile: TileSide = None,
    overlap: Overlap = 0.25,
    precision: PrecisionName = "fp32",
    compiled: Compiled = False,
    taxonomy: Taxonomy = None,
    rider: Rider = None,
    layout: Annotated[
        str, typer.Option("--layout", help="Instances: coco, or cityscapes for its official txt and PNG files too.")
    ] = "coco",
    ids_of: Annotated[
        Path | None, typer.Option("--ids-of", help="Instances: a COCO file of the images; results get its ids.")
    ] = None,
    every: Annotated[int, typer.Option("--every", help="Videos: predict one frame in N.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what is done when stopped, and go on from there.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Predict images: write label maps or COCO results, and overlays."""
    # Before torch is imported, which takes seconds.
    from maskwright.run_folder import model_file
    from maskwright.runs.predicting.inputs import find_inputs

    sources = _listed(images)
    find_inputs(sources, every)
    model_file(model)
    with collector_paused():
        from maskwright.prediction.batch_trial import parse_batch
        from maskwright.progress import Reporter
        from maskwright.runs.predicting.inference import parse_inference
        from maskwright.workflows.predict import parse_views, predict

    views = parse_views(flip, scales)
    settings = parse_inference(tile, overlap, precision, compiled)
    summary = predict(
        model,
        sources,
        out,
        score=score,
        batch=parse_batch(batch),
        device=device,
        overlays=overlays,
        cutouts=cutouts,
        views=views,
        settings=settings,
        taxonomy=taxonomy,
        rider=rider,
        layout=layout,
        ids_of=ids_of,
        every=every,
        resume=resume,
        overwrite=overwrite,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(summary.to_json())
    else:
        by = f" (by {summary.taxonomy})" if summary.taxonomy else ""
        print_lines(
            f"{summary.images} images predicted, {len(summary.skipped)} skipped; results in {summary.folder}{by}",
            *summary.found.lines(),
        )


def _listed(images: list[Path]) -> list[Path]:
    """Return ``images`` with the lines of standard input, a path each, in the place of ``-``."""
    listed: list[Path] = []
    for image in images:
        lines = sys.stdin.read().splitlines() if str(image) == "-" else [str(image)]
        listed += [Path(line) for line in lines if line.strip()]
    return listed
