"""The options that several commands share, and the output of ``--json``."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from maskwright.printing import json_lines, print_lines


def _accept(names: list[str] | None) -> list[str] | None:
    """Record the licences ``names`` as accepted, before the command does anything."""
    if names:
        from maskwright.models.weights.acceptance import accept_licence

        for name in names:
            accept_licence(name)
    return names


Recipe = Annotated[str, typer.Argument(help="The name of a shipped recipe, or a YAML file.", show_default=False)]
RunPath = Annotated[Path, typer.Argument(help="A run folder.", show_default=False)]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key, e.g. train.epochs=2.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Run folder [default: runs/NAME].")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted training from its last checkpoint.")]
Devices = Annotated[
    int | None, typer.Option("--devices", min=1, help="GPUs, or processes on a CPU, that share each batch.")
]
Nodes = Annotated[
    int,
    typer.Option("--nodes", min=1, help="Machines that share each batch; needs NODE_RANK, MASTER_ADDR, MASTER_PORT."),
]
# How `init` and `train` fit a recipe to annotations.
Images = Annotated[Path | None, typer.Option("--images", help="The images folder [default: beside the annotations].")]
TaskName = Annotated[
    Literal["instance", "semantic"] | None,
    typer.Option("--task", help="Masks of single objects, or a class for each pixel [default: by machine]."),
]
ModelName = Annotated[
    str | None, typer.Option("--model", help="A name of the catalogue [default: one that suits this machine].")
]
Weights = Annotated[
    str | None,
    typer.Option("--weights", help="none, a published name, or a file [default: published ones that are here]."),
]
AcceptLicence = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-licence",
        metavar="NAME",
        help="Accept the licence of non-commercial or special weights, once; `maskwright models MODEL` names it.",
        callback=_accept,
    ),
]
# How a trained model is applied to images.
TileSide = Annotated[
    str | None, typer.Option("--tile", metavar="N|auto", help="Predict in tiles of N pixels, or as suits the model.")
]
Overlap = Annotated[float, typer.Option("--overlap", help="Least share of a tile that its neighbour covers too.")]
PrecisionName = Annotated[
    str, typer.Option("--precision", help="fp32, or bf16: faster on hardware that has it, rounded results.")
]
Compiled = Annotated[bool, typer.Option("--compile", help="Have torch compile the network, up to minutes at first.")]
Taxonomy = Annotated[
    str | None,
    typer.Option("--taxonomy", help="Remap the results to another data set's classes: a shipped name or a YAML file."),
]
Rider = Annotated[
    str | None,
    typer.Option(
        "--rider", metavar="absent|person|person-over-two-wheeler", help="Replace the taxonomy's rule for riders."
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files of these names that this command did not write.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def print_json(value: Any) -> None:
    """Print ``value`` as JSON; with ``--json`` nothing else goes to standard output."""
    print_lines(*json_lines(value))
