"""``maskwright serve``: a page and an API for a trained model."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Compiled, PrecisionName, Quiet
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    model: Annotated[Path, typer.Argument(help="A run folder, a checkpoint, a model file or an export.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="A COCO JSON: its images are shown with truth and prediction.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="The images of --data, or of Label Studio's tasks.")
    ] = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", help="A folder of runs: their curves are shown while they train.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A host name by which the service may be called."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, help="Images that the model sees at once [default: 1, GPU 8].")
    ] = None,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Images that may wait.")] = 16,
    seconds: Annotated[float, typer.Option("--seconds", help="Seconds after which a request is given up.")] = 60.0,
    body: Annotated[int, typer.Option("--body", min=1, help="Bytes of a request's body.")] = 32 << 20,
    precision: PrecisionName = "fp32",
    compiled: Compiled = False,
    quiet: Quiet = False,
) -> None:
    """Serve a model on this machine: a page in the browser, and an API."""
    # Before torch is imported, which takes seconds.
    from maskwright.run_folder import model_file

    model_file(model)
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.runs.predicting.inference import parse_inference
        from maskwright.server.service_limits import ServiceLimits
        from maskwright.server.serving import serve

    def ready(url: str) -> None:
        print_lines(f"serving {model} at {url} (Ctrl-C ends it)")
        sys.stdout.flush()

    serve(
        model,
        data=data,
        images=images,
        runs=runs,
        host=host,
        port=port,
        allowed_hosts=allow_host or (),
        limits=ServiceLimits(body=body, queue=queue, seconds=seconds, batch=batch),
        device=device,
        settings=parse_inference(None, 0.25, precision, compiled),
        reporter=Reporter(quiet),
        ready=ready,
    )
