"""``maskwright weights``: list, fetch and convert published checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import AcceptLicence, Json, Overwrite, Quiet, print_json
from maskwright.printing import print_lines

app = typer.Typer(
    help="List, fetch and convert published checkpoints. Converts those of Detectron2 and torchvision.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the known published checkpoints with their published scores and licences."""
    from maskwright.models.listing.records import listed_weights

    found = listed_weights()
    if json:
        print_json(found)
        return
    from maskwright.workflows.weights import weights_lines

    print_lines(*weights_lines(found))
    print_lines("--json adds the address of each and its name in recipes")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name that `weights list` shows.", show_default=False)],
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Download a published checkpoint, or resume its download, and verify its hash."""
    from maskwright.models.published_weights import fetch_weights
    from maskwright.progress import Reporter

    path = fetch_weights(name, Reporter(quiet))
    if json:
        print_json({"name": name, "file": str(path)})
    else:
        print_lines(f"weights: {path}")


@app.command("convert")
def convert_checkpoint(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A .pkl, .pth or .safetensors file, or a published name.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The .safetensors file to write.", show_default=False)],
    classes: Annotated[
        str | None, typer.Option("--classes", help="Class names in the model's order: NAME,NAME,… or a file.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="An option of the model in the catalogue.")
    ] = None,
    overwrite: Overwrite = False,
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Convert a Detectron2 or torchvision checkpoint to a model file. Nothing in it is executed."""
    from maskwright.cli.arguments.weights import parse_classes, parse_options
    from maskwright.models.weights_conversion import convert_weights
    from maskwright.progress import Reporter

    done = convert_weights(
        source,
        out,
        classes=parse_classes(classes),
        options=parse_options(options),
        overwrite=overwrite,
        reporter=Reporter(quiet),
    )
    if json:
        print_json(done.to_json())
        return
    settings = f", {len(done.settings)} settings applied" if done.settings else ""
    print_lines(f"{done.source}: {done.tensors} tensors, all matched{settings}")
    print_lines(f"{done.model}, {done.classes} classes: {done.out}")
