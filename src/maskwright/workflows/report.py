"""``maskwright report``: write the page of a run again."""

from pathlib import Path

from maskwright.parallel.garbage_collection import collector_paused
from maskwright.progress import Reporter
from maskwright.run_folder import RunFolder
from maskwright.runs.folder import held_run, open_run


def report(path: str | Path | RunFolder, reporter: Reporter | None = None) -> Path:
    """Write the page of a run again, with its sample panels.

    Args:
        path: The run folder.
        reporter: Where progress goes; standard error by default.

    Returns:
        The path of the page: one HTML file that loads nothing else.

    Raises:
        UsageError: ``path`` is no run folder, or its predictions are missing.
        DataError: The data of the run, or its ``scores.json``, cannot be read.

    Example:
        >>> import maskwright as mw
        >>> mw.report("runs/first").name
        'report.html'
    """
    run = open_run(Path(path), reporter or Reporter())
    # Imported here: they take a moment, in which a wrong folder has long been reported.
    with collector_paused():
        from maskwright.runs.experiment import Experiment
        from maskwright.runs.report import report_stage

    with held_run(run.path):
        report_stage(Experiment(run))
    return run.files.page
