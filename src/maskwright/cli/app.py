"""The commands of ``maskwright`` and the options that stand before them."""

import os
from typing import Annotated

import typer

from maskwright.cli import (
    check,
    compare,
    convert,
    demo,
    doctor,
    evaluate,
    explore,
    export,
    init,
    masks,
    models,
    predict,
    recipes,
    report,
    review,
    run,
    score,
    serve,
    split,
    subset,
    train,
    transfer,
    weights,
)
from maskwright.cli.terminal.usage_errors import EscapingGroup
from maskwright.limits import INPUT_LIMITS, set_input_limit
from maskwright.printing import print_lines
from maskwright.version import __version__

app = typer.Typer(
    name="maskwright",
    cls=EscapingGroup,
    help="COCO-style annotations to segmentation models you can trust.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


# Pydantic searches every installed package for plugins, which takes longer than parsing the arguments.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _print_version(wanted: bool) -> None:
    if wanted:
        print_lines(f"maskwright {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="NAME=NUMBER",
            help=f"Change what a file may ask for: {', '.join(INPUT_LIMITS)}. See docs/reliability.md.",
        ),
    ] = None,
) -> None:
    """COCO-style annotations to segmentation models you can trust."""
    for setting in limit or ():
        set_input_limit(setting)


for module in (
    demo,
    init,
    run,
    check,
    explore,
    subset,
    split,
    convert,
    masks,
    train,
    evaluate,
    predict,
    export,
    serve,
    report,
    review,
    compare,
    transfer,
    models,
    doctor,
):
    app.command(module.__name__.rpartition(".")[2])(module.command)
app.add_typer(score.app, name="score")
app.add_typer(recipes.app, name="recipes")
app.add_typer(weights.app, name="weights")
