"""``maskwright doctor``: describe the installation."""

from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(
    speed: Annotated[bool, typer.Option(help="Measure the speed of each device, for about a second.")] = True,
    json: Json = False,
) -> None:
    """Show versions, extras, devices and downloaded weights. Exit code 1 with problems."""
    with collector_paused():
        from maskwright.workflows.doctor import doctor

    found = doctor(measure=speed)
    if json:
        print_json(found.to_json())
    else:
        print_lines(*found.lines())
    raise typer.Exit(found.exit_code)
