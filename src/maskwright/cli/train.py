"""``maskwright train``: from an annotation file to a trained model and its page; or the training of a recipe alone."""

from typing import Annotated

import typer

from maskwright.cli.arguments.options import (
    AcceptLicence,
    Devices,
    Images,
    ModelName,
    Nodes,
    Out,
    Quiet,
    Resume,
    Set,
    TaskName,
    Weights,
)
from maskwright.cli.arguments.overrides import (
    AllowEmptyClasses,
    Batch,
    Classes,
    Epochs,
    LearningRate,
    Settings,
    Size,
    named_classes,
    recipe_overrides,
)
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines

What = Annotated[
    str,
    typer.Argument(
        metavar="ANNOTATIONS|RECIPE",
        help="A COCO file or an export of a labelling tool; or a shipped recipe or a YAML file.",
        show_default=False,
    ),
]
# None, not 10, so that it is known whether it was given.
Minutes = Annotated[
    float | None, typer.Option("--minutes", min=0.1, help="How long the whole run may take [default: 10].")
]


def command(
    recipe: What,
    settings: Settings = None,
    images: Images = None,
    task: TaskName = None,
    model: ModelName = None,
    weights: Weights = None,
    minutes: Minutes = None,
    set_: Set = None,
    epochs: Epochs = None,
    lr: LearningRate = None,
    batch: Batch = None,
    size: Size = None,
    classes: Classes = None,
    out: Out = None,
    resume: Resume = False,
    allow_empty_classes: AllowEmptyClasses = False,
    devices: Devices = None,
    nodes: Nodes = 1,
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
) -> None:
    """Fit a recipe to annotations and run it, to the page. Given a recipe: check, draw masks and train, no more."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.recipes.loading import is_annotations
        from maskwright.workflows.train import train

    fits = is_annotations(recipe)
    overrides = recipe_overrides(
        settings, set_, epochs, lr, batch, size, None if fits else classes, allow_empty_classes
    )
    run = train(
        recipe,
        overrides=overrides,
        out=out,
        resume=resume,
        devices=devices,
        nodes=nodes,
        images=images,
        task=task,
        model=model,
        weights=weights,
        minutes=minutes,
        classes=named_classes(classes) if fits else None,
        reporter=Reporter(quiet),
    )
    from maskwright.parallel.torchrun import is_main_process
    from maskwright.runs.score_summary import score_summary

    if is_main_process(nodes):
        print_lines(f"model: {run.checkpoints / 'best' / 'model.safetensors'}")
        if fits:
            print_lines(*score_summary(run))
