"""``maskwright report``: write the page of a run again."""

from maskwright.cli.arguments.options import Quiet, RunPath
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.printing import print_lines


def command(run: RunPath, quiet: Quiet = False) -> None:
    """Write the page of a run again: one self-contained HTML file."""
    with collector_paused():
        from maskwright.progress import Reporter
        from maskwright.workflows.report import report

    print_lines(f"page: {report(run, Reporter(quiet))}")
