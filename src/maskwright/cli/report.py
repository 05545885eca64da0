"""``maskwright report``: write the page of a run again."""

from maskwright.cli.options import Quiet, RunPath


def command(run: RunPath, quiet: Quiet = False) -> None:
    """Write the page of a run again: one self-contained HTML file."""
    from maskwright.progress import Reporter
    from maskwright.workflows.report import report

    print(f"page: {report(run, Reporter(quiet))}")
