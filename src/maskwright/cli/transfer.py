"""``maskwright transfer``: evaluate models on their source and on target data sets."""

from typing import Annotated

import typer

from maskwright.cli.arguments.options import AcceptLicence, Json, Out, Quiet, Set, print_json
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines

Recipe = Annotated[str, typer.Argument(help="The name of a shipped transfer, or a YAML file.", show_default=False)]


def command(
    recipe: Recipe,
    set_: Set = None,
    out: Out = None,
    accept_licence: AcceptLicence = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Evaluate models on their source data and on target data. Finished work is skipped."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.reports.transfer.text import transfer_lines
        from maskwright.workflows.transfer import PAGE, transfer

    found = transfer(recipe, overrides=set_ or (), out=out, reporter=Reporter(quiet))
    if json:
        print_json(found.to_json())
    else:
        print_lines(*transfer_lines(found.numbers), f"page: {found.path / PAGE}")
