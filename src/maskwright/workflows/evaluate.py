"""``maskwright evaluate``: score a trained run again, or a run or a model file on another data set."""

from pathlib import Path

from maskwright.errors import UsageError
from maskwright.evaluation.coco.detection_limit import require_limit_of
from maskwright.progress import Reporter
from maskwright.run_folder import PartScores, RunFolder, model_file
from maskwright.runs.cross_evaluation import cross_evaluate
from maskwright.runs.cross_evaluation_data import CrossEvaluation
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.experiment import Experiment
from maskwright.runs.exports.file_evaluation import evaluate_file
from maskwright.runs.folder import held_run, open_run
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings
from maskwright.runs.report import report_stage


def evaluate(
    path: str | Path | RunFolder,
    reporter: Reporter | None = None,
    on: CrossEvaluation | None = None,
    settings: InferenceSettings = DEFAULT_INFERENCE,
    max_dets: int | None = None,
) -> dict[str, PartScores]:
    """Score the best checkpoint of a run and write its page again.

    Args:
        path: The run folder; or a model file or an export, which is scored on the data set of ``on`` alone, and of
            which nothing is written.
        reporter: Where progress goes; standard error by default.
        on: Another data set, or other classes, to score on. These scores are added to ``scores.json``. Without it, the
            parts in the recipe's ``evaluate.on`` are scored, and their scores replace all others.
        settings: In which tiles, in which precision, and whether compiled; its tiles replace the recipe's. Scores bear
            what differs from the usual as ``inference``.
        max_dets: Compute AP and AR of instances with so many detections of a class on an image too, not COCO's 100:
            under ``max_dets``.

    Returns:
        The scores by part of the data, as in ``scores.json``.

    Raises:
        UsageError: ``path`` is no run folder, its training is not finished, the fields of ``on`` contradict each
            other, or ``max_dets`` is below 1 or of a semantic model.
        DataError: The other data set has no image, or none of the model's classes.
        WeightsError: The checkpoint holds NaN or infinity, or does not fit its model.

    Example:
        >>> import maskwright as mw
        >>> scores = mw.evaluate("runs/first")
        >>> sorted(scores["validation"]["segm"])[:4]
        ['AP', 'AP50', 'AP75', 'APl']
    """
    if on is not None:
        on.require_consistent()
    if Path(path).is_file():
        return evaluate_file(model_file(Path(path)), on, reporter or Reporter(), settings, max_dets)
    run = open_run(Path(path), reporter or Reporter())
    require_limit_of(run.recipe.task, max_dets)
    if not run.is_finished("train"):
        raise UsageError(
            f"{run.path}: its training is not finished; expected a trained run. Finish it with `maskwright run RECIPE "
            f"--out {run.path} --resume`."
        )
    with held_run(run.path):
        experiment = Experiment(run, max_dets=max_dets)
        if on is None:
            run.reset_stages(["evaluate", "report"])
            run.perform("evaluate", lambda: evaluate_stage(experiment, settings))
        else:
            cross_evaluate(experiment, on, settings)
        run.perform("report", lambda: report_stage(experiment))
        return run.files.scores
