"""``maskwright score``: score the prediction files of any tool by the official rules."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.printing import print_lines

if TYPE_CHECKING:
    from maskwright.progress import Reporter
    from maskwright.structures import AreaRule
    from maskwright.workflows.score import Summary

app = typer.Typer(
    help="Score the prediction files of any tool by the official rules.", no_args_is_help=True, rich_markup_mode=None
)

Boundary = Annotated[
    bool, typer.Option("--boundary", help="Compute boundary IoU too (Cheng et al. 2021); takes longer.")
]
Intervals = Annotated[bool, typer.Option("--intervals", help="Compute 95 % bootstrap intervals over images too.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Threads that read files.")]


@app.command()
def instance(
    truth: Annotated[Path, typer.Argument(metavar="GT", help="A COCO JSON file.", show_default=False)],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A COCO results JSON file.", show_default=False)],
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", help="Class names to score, comma-separated [default: all]."),
    ] = None,
    score: Annotated[float, typer.Option("--score", help="Details: lowest score of a detection.")] = 0.5,
    iou: Annotated[float, typer.Option("--iou", help="Details: lowest IoU of a match.")] = 0.5,
    details: Annotated[
        bool, typer.Option("--details/--no-details", help="Overlaps, errors, confusions, calibration, worst images.")
    ] = True,
    boundary: Boundary = False,
    intervals: Intervals = False,
    area: Annotated[
        str | None,
        typer.Option(
            "--area",
            metavar="mask|box",
            help="Size of a detected mask for APs, APm, APl [default: as in pycocotools, box where results have one].",
        ),
    ] = None,
    max_dets: Annotated[
        int | None,
        typer.Option(
            "--max-dets", metavar="N", help="AP with N detections of a class on an image too, not COCO's 100."
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="OTHER.json|NUMBERS",
            help="Say why another tool's numbers differ, e.g. AP=0.352,AP50=0.561.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for scores.json, curves.json and images.json.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute box and mask AP and AR as pycocotools does, with details."""
    from maskwright.progress import Reporter
    from maskwright.reports.score_text import instance_lines
    from maskwright.workflows.scoring.score_instance import score_instance

    reporter = Reporter(quiet)
    summary = score_instance(
        truth,
        results,
        classes=_names(classes) or None,
        score=score,
        iou=iou,
        details=details,
        boundary=boundary,
        intervals=intervals,
        area=cast("AreaRule | None", area),
        max_dets=max_dets,
        explain=explain,
        out=out,
        overwrite=overwrite,
        reporter=reporter,
    )
    _show(summary, reporter, None if json else instance_lines)


@app.command()
def semantic(
    truth: Annotated[Path, typer.Argument(metavar="GT_DIR", help="Folder of label maps.", show_default=False)],
    predictions: Annotated[
        Path, typer.Argument(metavar="PRED_DIR", help="Folder of label maps of the same names.", show_default=False)
    ],
    classes: Annotated[
        Path | None,
        typer.Option(
            "--classes", help="classes.json, or a name a line from label 0 [default: classes.json of each folder]."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Names of classes whose true pixels do not count.")
    ] = None,
    ignore_index: Annotated[
        int | None,
        typer.Option("--ignore-index", help="Label whose true pixels do not count [default: 255, in 16 bit 65535]."),
    ] = None,
    boundary: Boundary = False,
    intervals: Intervals = False,
    workers: Workers = 2,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute IoU, Dice, precision and recall of label maps from one confusion matrix over all pixels."""
    from maskwright.progress import Reporter
    from maskwright.reports.score_text import semantic_lines
    from maskwright.workflows.scoring.score_semantic import score_semantic

    reporter = Reporter(quiet)
    summary = score_semantic(
        truth,
        predictions,
        classes=classes,
        ignore=_names(ignore),
        ignore_index=ignore_index,
        boundary=boundary,
        intervals=intervals,
        workers=workers,
        reporter=reporter,
    )
    _show(summary, reporter, None if json else semantic_lines)


@app.command()
def panoptic(
    truth: Annotated[Path, typer.Argument(metavar="GT", help="A panoptic JSON file of COCO.", show_default=False)],
    predictions: Annotated[
        Path, typer.Argument(metavar="PRED", help="A panoptic JSON file of predictions.", show_default=False)
    ],
    truth_folder: Annotated[
        Path | None, typer.Option("--gt-folder", help="Folder of the true PNG files [default: X for X.json].")
    ] = None,
    prediction_folder: Annotated[
        Path | None, typer.Option("--pred-folder", help="Folder of the predicted PNG files [default: X for X.json].")
    ] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", help="Score the groups of a YAML file, or shipped ones, not the classes.")
    ] = None,
    intervals: Intervals = False,
    workers: Workers = 2,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute panoptic quality (PQ), SQ and RQ as panopticapi does, over all classes, things and stuff."""
    from maskwright.progress import Reporter
    from maskwright.reports.score_text import panoptic_lines
    from maskwright.workflows.scoring.score_panoptic import score_panoptic

    reporter = Reporter(quiet)
    summary = score_panoptic(
        truth,
        predictions,
        truth_folder=truth_folder,
        prediction_folder=prediction_folder,
        groups=groups,
        intervals=intervals,
        workers=workers,
        reporter=reporter,
    )
    _show(summary, reporter, None if json else panoptic_lines)


@app.command()
def cityscapes(
    truth: Annotated[Path, typer.Argument(metavar="GT_DIR", help="Folder that holds gtFine.", show_default=False)],
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="PRED_DIR", help="Folder of official txt files, or COCO results (JSON).", show_default=False
        ),
    ],
    split: Annotated[
        str | None, typer.Option("--split", help="train, val or test [default: the only one, or val].")
    ] = None,
    pixel: Annotated[
        bool, typer.Option("--pixel", help="Compute pixel scores too, from PNG files of label ids.")
    ] = False,
    label_maps: Annotated[
        Path | None, typer.Option("--label-maps", help="Folder of these PNG files [default: PRED_DIR].")
    ] = None,
    distances: Annotated[
        Path | None, typer.Option("--distances", help="JSON of object distances: AP within 100 and 50 m too.")
    ] = None,
    intervals: Intervals = False,
    workers: Workers = 2,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute AP and AP50 by the official Cityscapes rules; --pixel adds mIoU and iIoU."""
    from maskwright.progress import Reporter
    from maskwright.reports.score_text import cityscapes_lines
    from maskwright.workflows.scoring.score_cityscapes import score_cityscapes

    reporter = Reporter(quiet)
    summary = score_cityscapes(
        truth,
        predictions,
        split=split,
        pixel=pixel,
        label_maps=label_maps,
        distances=distances,
        intervals=intervals,
        workers=workers,
        reporter=reporter,
    )
    _show(summary, reporter, None if json else cityscapes_lines)


def _show(summary: "Summary", reporter: "Reporter", lines: Callable[[dict[str, Any]], Iterable[str]] | None) -> None:
    """Print the scores by ``lines``, or as JSON without it; print the remarks by ``reporter``."""
    reporter.warn(summary.remarks)
    if lines is None:
        print_json(summary.to_json())
    else:
        print_lines(*lines(summary.scores))


def _names(values: list[str] | None) -> list[str]:
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]
