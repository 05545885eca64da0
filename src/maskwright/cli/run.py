"""``maskwright run``: do every stage of a recipe, or sweep it."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import (
    AcceptLicence,
    Devices,
    Json,
    Nodes,
    Out,
    Quiet,
    Recipe,
    Resume,
    Set,
    print_json,
)
from maskwright.cli.arguments.overrides import (
    AllowEmptyClasses,
    Batch,
    Classes,
    Epochs,
    LearningRate,
    Settings,
    Size,
    recipe_overrides,
)
from maskwright.errors import UsageError
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines

Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="KEY=A,B",
        help="Run a variant for each value and compare them, e.g. loss=ce,dice_ce; repeat for combinations.",
    ),
]
Folds = Annotated[
    int | None,
    typer.Option("--folds", metavar="K", help="Train K models, each without a K-th of the images, which it predicts."),
]
Extend = Annotated[
    list[str] | None,
    typer.Option(
        "--extend",
        metavar="KEY=VALUE",
        help="Let a finished run go on from its last state, e.g. train.epochs=50; RECIPE may be its folder.",
    ),
]


def command(
    recipe: Recipe,
    settings: Settings = None,
    set_: Set = None,
    epochs: Epochs = None,
    lr: LearningRate = None,
    batch: Batch = None,
    size: Size = None,
    classes: Classes = None,
    sweep: Sweep = None,
    folds: Folds = None,
    out: Out = None,
    resume: Resume = False,
    extend: Extend = None,
    allow_empty_classes: AllowEmptyClasses = False,
    devices: Devices = None,
    nodes: Nodes = 1,
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a recipe: check, masks, train, evaluate, report. Finished stages are skipped."""
    if sweep and extend:
        raise UsageError("--sweep and --extend: expected one of them. Extend each variant by its own run folder.")
    if folds is not None and (sweep or extend or nodes > 1):
        raise UsageError("--folds: expected no --sweep, --extend or --nodes beside it. Run them one by one.")
    overrides = recipe_overrides(settings, set_, epochs, lr, batch, size, classes, allow_empty_classes)
    if sweep:
        if nodes > 1:
            raise UsageError(f"--nodes {nodes}: a sweep runs on one machine; expected 1. Run its variants one by one.")
        _sweep(recipe, sweep, overrides, out, resume, devices, quiet, json)
        return
    if folds is not None:
        more = [f"train.devices={devices}"] if devices is not None else []
        _folds(recipe, folds, [*overrides, *more], out, resume, quiet, json)
        return
    # Not torch yet: `run` has other work done while it imports that.
    from maskwright.progress import Reporter
    from maskwright.workflows.run import run

    done = run(
        recipe,
        overrides=overrides,
        out=out,
        resume=resume,
        extend=extend or (),
        devices=devices,
        nodes=nodes,
        reporter=Reporter(quiet),
    )
    from maskwright.parallel.torchrun import is_main_process
    from maskwright.runs.score_summary import score_summary

    if not is_main_process(nodes):
        return
    if json:
        print_json({"run": str(done), "scores": done.scores})
    else:
        print_lines(*score_summary(done))


def _sweep(
    recipe: str,
    sweeps: list[str],
    overrides: list[str],
    out: Path | None,
    resume: bool,
    devices: int | None,
    quiet: bool,
    json: bool,
) -> None:
    """Run the variants and print the comparison; exit with 1 when one of them failed."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.reports.sweep.text import sweep_lines
        from maskwright.workflows.sweep import PAGE, sweep

    compared = sweep(
        recipe, sweeps, overrides=overrides, out=out, resume=resume, devices=devices, reporter=Reporter(quiet)
    )
    if json:
        print_json(compared.to_json())
    else:
        print_lines(*sweep_lines(compared), f"page: {compared.path / PAGE}")
    raise typer.Exit(1 if compared.failed else 0)


def _folds(
    recipe: str, folds: int, overrides: list[str], out: Path | None, resume: bool, quiet: bool, json: bool
) -> None:
    """Run the folds and print their scores."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.workflows.folds import run_folds

    done = run_folds(recipe, folds, overrides=overrides, out=out, resume=resume, reporter=Reporter(quiet))
    if json:
        print_json(done.numbers)
        return
    pooled = done.numbers["pooled"]["segm"]
    shown = ", ".join(f"{name} {pooled[name]:.3f}" for name in ("AP", "AP50", "AP75") if pooled[name] is not None)
    print_lines(f"mask {shown}: {done.numbers['images']} images, each predicted by the model that did not learn it")
    print_lines(f"predictions: {done.predictions}")
