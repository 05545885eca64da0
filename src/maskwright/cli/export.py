"""``maskwright export``: write a trained model for another runtime."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    model: Annotated[Path, typer.Argument(help="A run folder, a checkpoint or a model file.", show_default=False)],
    to: Annotated[
        Literal["onnx", "openvino"], typer.Option("--to", help="The runtime that computes the file.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option("--out", help="The .onnx or .xml file [default: the model's name].")
    ] = None,
    on: Annotated[
        Path | None, typer.Option("--on", help="A COCO JSON: compare on its images, and score both on it.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="The folder of images to compare on [default: drawn shapes].")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Compute in eight bits; needs --on.")] = False,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", help="The largest difference that passes [default: 0.0001, int8 0.01]."),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Export a model to ONNX or OpenVINO, with a certificate that it answers the same."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.workflows.export import export_model

    done = export_model(
        model,
        out,
        to=to,
        on=on,
        images=images,
        int8=int8,
        tolerance=tolerance,
        overwrite=overwrite,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(done.to_json())
    else:
        print_lines(*done.certificate.lines(), f"exported: {done.file}")
