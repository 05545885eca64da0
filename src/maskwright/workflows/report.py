"""``maskwright report``: the page of a run, written anew."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.runs.context import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.report import report_stage


def report(path: Path, reporter: Reporter | None = None) -> Path:
    """Write the page of the run at ``path`` anew; returns the page's path."""
    run = open_run(path, reporter or Reporter())
    report_stage(Experiment(run))
    return run.files.page
