"""The entry point: the commands, and the exit codes and messages of errors."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from maskwright.cli import (
    check,
    convert,
    demo,
    doctor,
    evaluate,
    explore,
    init,
    masks,
    models,
    predict,
    recipes,
    report,
    run,
    score,
    split,
    subset,
    train,
    transfer,
    weights,
)
from maskwright.cli.usage_errors import EscapingGroup
from maskwright.errors import MaskwrightError
from maskwright.parallel.waiting_threads import set_waiting_policy
from maskwright.printing import print_lines, print_traceback
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


# The packages of the extra `train`; the commands on data, masks and scores do not need them.
_TRAINING_LIBRARIES = frozenset(
    {"lightning_fabric", "safetensors", "segmentation_models_pytorch", "tensorboard", "timm", "torch", "torchvision"}
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
) -> None:
    """COCO-style annotations to segmentation models you can trust."""


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
    report,
    transfer,
    models,
    doctor,
):
    app.command(module.__name__.rpartition(".")[2])(module.command)
app.add_typer(score.app, name="score")
app.add_typer(recipes.app, name="recipes")
app.add_typer(weights.app, name="weights")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 the work failed, 2 wrong usage."""
    set_waiting_policy()
    try:
        app(args=list(arguments) if arguments is not None else None)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except MaskwrightError as error:
        _print_error(*error.lines)
        return error.exit_code
    except OSError as error:
        _print_error(f"{error.filename or 'a file'}: {error.strerror or error}")
        return 1
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _TRAINING_LIBRARIES:
            raise
        remedy = "Install it with: pip install 'maskwright[train]'"
        _print_error(f"this command needs {error.name}, which is not installed. {remedy}")
        return 1
    return 0


def _print_error(first: str = "", *more: str) -> None:
    print_lines(f"error: {first}", *more, file=sys.stderr)


def script() -> None:
    """Run the command line and exit; the entry point of the ``maskwright`` script."""
    sys.excepthook = print_traceback
    sys.exit(main())
