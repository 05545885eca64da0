"""``maskwright weights``."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.options import Json, Quiet, print_json

app = typer.Typer(
    help="Published checkpoints: list and fetch them, make model files of Detectron2's and torchvision's.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_(json: Json = False) -> None:
    """The published checkpoints that are known, with their publishers' scores, licence and address."""
    from maskwright.workflows.weights import list_weights, weights_lines

    found = list_weights()
    if json:
        print_json(found)
        return
    print("\n".join(weights_lines(found)))
    print("The address of each, and what a recipe calls it: --json")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name that `weights list` shows.", show_default=False)],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Download a published checkpoint, going on where it broke off, and check its hash."""
    from maskwright.progress import Reporter
    from maskwright.workflows.weights import fetch_weights

    path = fetch_weights(name, Reporter(quiet))
    if json:
        print_json({"name": name, "file": str(path)})
    else:
        print(f"weights: {path}")


@app.command("convert")
def convert_checkpoint(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A .pkl, .pth or .safetensors file, or a published name.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The .safetensors file to write.", show_default=False)],
    classes: Annotated[
        str | None, typer.Option("--classes", help="The classes in the model's order: NAME,NAME,… or a file.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="An option of the model in the catalogue.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a model file, which predict runs, of a Detectron2 or torchvision checkpoint. Nothing in it is executed."""
    from maskwright.cli.weights_options import parse_classes, parse_options
    from maskwright.progress import Reporter
    from maskwright.workflows.weights import convert_weights

    done = convert_weights(
        source, out, classes=parse_classes(classes), options=parse_options(options), reporter=Reporter(quiet)
    )
    if json:
        print_json(done.to_json())
        return
    settings = f", {len(done.settings)} settings followed" if done.settings else ""
    print(f"{done.source}: {done.tensors} tensors, all in their places{settings}")
    print(f"{done.model}, {done.classes} classes: {done.out}")
