"""``maskwright init``: a recipe that fits a COCO file, this machine and a time."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import (
    AcceptLicence,
    Images,
    Json,
    ModelName,
    Quiet,
    TaskName,
    Weights,
    print_json,
)
from maskwright.cli.arguments.overrides import named_classes
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines

Labels = Annotated[
    Path, typer.Argument(help="A COCO file, or an export of Roboflow, CVAT, Label Studio or YOLO.", show_default=False)
]
Minutes = Annotated[float, typer.Option("--minutes", min=0.1, help="How long the whole run may take.")]
RecipeOut = Annotated[Path, typer.Option("--out", help="The recipe to write.")]
Classes = Annotated[
    list[str] | None,
    typer.Option(
        "--classes", help="Classes to train on, with commas or spaces between them [default: by their counts]."
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the split and the training.")]


def command(
    annotations: Labels,
    images: Images = None,
    task: TaskName = None,
    model: ModelName = None,
    weights: Weights = None,
    minutes: Minutes = 10,
    out: RecipeOut = Path("recipe.yaml"),
    seed: Seed = 0,
    classes: Classes = None,
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a commented recipe that fits your COCO file, this machine and the minutes you give it."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.workflows.init import init

    done = init(
        annotations,
        images,
        out=out,
        task=task,
        model=model,
        weights=weights,
        minutes=minutes,
        seed=seed,
        classes=named_classes(classes),
        reporter=Reporter(quiet),
    )
    if json:
        print_json(done.to_json())
        return
    recipe, counts = done.recipe, ", ".join(f"{name} {number}" for name, number in done.images.items())
    print_lines(
        f"images: {counts}",
        f"classes: {done.reasons['classes']}",
        f"model: {recipe.model.name} at {recipe.model.input.size} pixels, weights: {recipe.model.weights}",
        f"training: {recipe.train.epochs} epochs, batches of {recipe.train.batch_size}, about {done.minutes:.0f} min",
        f"recipe: {done.file}",
        f"Read it, change it, then: maskwright run {done.file}",
    )
