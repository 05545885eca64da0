"""The last stages of a run: evaluate its best checkpoint, and write its page."""

from pathlib import Path

from maskwright.progress import Reporter
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.report import report_stage


def evaluate_and_report(path: Path, reporter: Reporter, experiment: Experiment | None = None) -> None:
    """Do the evaluate and report stages of the run at ``path``, with the data of ``experiment`` if given."""
    experiment = experiment or Experiment(open_run(path, reporter))
    experiment.run.perform("evaluate", lambda: evaluate_stage(experiment))
    experiment.run.perform("report", lambda: report_stage(experiment))
