"""``maskwright evaluate``: score a trained run again, or a run or a model file on another data set."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import (
    Compiled,
    Json,
    Overlap,
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
    run: Annotated[Path, typer.Argument(help="A run folder, or with --annotations a model file.", show_default=False)],
    images: Annotated[
        str | None, typer.Option("--images", help="Images folder of another data set to score on.")
    ] = None,
    annotations: Annotated[str | None, typer.Option("--annotations", help="Their COCO JSON.")] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the other data set in scores and folders.")] = "other",
    taxonomy: Taxonomy = None,
    rider: Rider = None,
    tile: TileSide = None,
    overlap: Overlap = 0.25,
    precision: PrecisionName = "fp32",
    compiled: Compiled = False,
    max_dets: Annotated[
        int | None,
        typer.Option(
            "--max-dets", metavar="N", help="AP with N detections of a class on an image too, not COCO's 100."
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Score a trained run and write its page. Other data or classes add their scores. A model file is scored alone."""
    from maskwright.progress import Reporter
    from maskwright.runs.folder import open_run

    if not run.is_file():
        open_run(run, Reporter(quiet))  # before torch is imported, which takes seconds
    with collector_paused():
        from maskwright.run_folder import RunFolder
        from maskwright.runs.cross_evaluation_data import CrossEvaluation
        from maskwright.runs.predicting.inference import parse_inference
        from maskwright.runs.score_summary import part_lines, score_summary
        from maskwright.workflows.evaluate import evaluate

    on = CrossEvaluation(images, annotations, taxonomy, rider, name)
    settings = parse_inference(tile, overlap, precision, compiled)
    scores = evaluate(run, Reporter(quiet), on if on != CrossEvaluation() else None, settings, max_dets)
    if json:
        print_json(scores)
    else:
        print_lines(
            *(part_lines(scores, details=True) if run.is_file() else score_summary(RunFolder(run), details=True))
        )
