"""``maskwright models``: list the model catalogue."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from maskwright.cli.arguments.options import Json, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    name: Annotated[str | None, typer.Argument(help="A model, to list its options.")] = None, json: Json = False
) -> None:
    """List the models, their published weights and all licences. With NAME, list the options of one."""
    with collector_paused():
        from maskwright.workflows.models import list_models

    models = list_models(name)
    if json:
        print_json(models)
        return
    for model in models:
        weights = ", ".join(["none", *model["weights"], "a file"])
        print_lines(f"{model['name']}  ({model['task']})", f"    {model['summary']}", f"    weights: {weights}")
        print_lines(*(f"    {line}" for line in _licence_lines(model["licences"])))
        if name is not None:
            print_lines(f"    options: {', '.join(model['options'])}")


def _licence_lines(licences: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    code = ", ".join(f"{title} ({library})" for library, title in licences["code"].items())
    yield f"licences: code {code}"
    for weights, licence in licences["weights"].items():
        title = licence["licence"] or "not stated"
        if licence["terms"] in ("non-commercial", "special"):
            yield f"  {weights}: {title}, {licence['terms']}, needs {_remedy(licence)}"
        else:
            yield f"  {weights}: {title}"


def _remedy(licence: Mapping[str, Any]) -> str:
    return f"--accept-licence {licence['name']} ({licence['address']})"
