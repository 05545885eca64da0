"""``maskwright models``: list the model catalogue."""

from typing import Annotated

import typer

from maskwright.cli.options import Json, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    name: Annotated[str | None, typer.Argument(help="A model, to list its options.")] = None, json: Json = False
) -> None:
    """List the models and their published weights. With NAME, list the options of one."""
    with collector_paused():
        from maskwright.workflows.models import list_models

    models = list_models(name)
    if json:
        print_json(models)
        return
    for model in models:
        weights = ", ".join(["none", *model["weights"], "a file"])
        print_lines(f"{model['name']}  ({model['task']})", f"    {model['summary']}", f"    weights: {weights}")
        if name is not None:
            print_lines(f"    options: {', '.join(model['options'])}")
