"""``maskwright evaluate``: the scores of a trained run, anew or on another data set."""

from pathlib import Path

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.run_folder import PartScores, RunFolder
from maskwright.runs.context import Experiment
from maskwright.runs.cross_evaluation import cross_evaluate
from maskwright.runs.cross_evaluation_data import CrossEvaluation
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.folder import open_run
from maskwright.runs.report import report_stage


def evaluate(
    path: str | Path | RunFolder, reporter: Reporter | None = None, on: CrossEvaluation | None = None
) -> dict[str, PartScores]:
    """Score the best checkpoint of the run at ``path`` and write its page anew.

    Args:
        path: the run folder.
        reporter: where progress goes.
        on: another data set or other classes to score on. These scores join those that are there; without, the
            recipe's parts alone are scored, and only they stay.

    Returns:
        The scores of each part, as in ``scores.json``.

    Raises:
        UsageError: when ``path`` is no run folder or has no trained model, and for an ``on`` that contradicts itself.
        DataError: for another data set without any image or class to score.
    """
    if on is not None:
        on.require_consistent()
    run = open_run(Path(path), reporter or Reporter())
    if not run.is_finished("train"):
        raise UsageError(
            f"{run.path}: its training is not finished. Run `maskwright run RECIPE --out {run.path} --resume` first."
        )
    experiment = Experiment(run)
    if on is None:
        run.reset_stages(["evaluate", "report"])
        run.perform("evaluate", lambda: evaluate_stage(experiment))
    else:
        cross_evaluate(experiment, on)
    run.perform("report", lambda: report_stage(experiment))
    return run.files.scores
