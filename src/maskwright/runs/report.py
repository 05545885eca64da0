"""The report stage of a run: draw panels of original, truth and prediction, and write the page; without torch."""

from maskwright.errors import MaskwrightError
from maskwright.files import write_json
from maskwright.reports.run.page import write_page
from maskwright.run_folder import PartScores
from maskwright.runs.cross_evaluation_data import CrossEvaluation, cross_evaluation_entries
from maskwright.runs.experiment import Experiment
from maskwright.runs.pictures.drawn_before import digests_of_panels
from maskwright.runs.pictures.page_panels import write_page_panels


def report_stage(experiment: Experiment) -> None:
    """Draw the panels of each scored part, those of a report of the same data excepted, and write ``report.html``."""
    run = experiment.run
    records, drawn = [], digests_of_panels(run.files.panels_file)
    if run.files.scores_file.is_file():
        for name, scores in run.files.scores.items():
            scored = _experiment_of(experiment, name, scores)
            if scored is not None:
                records += write_page_panels(scored, scored.prepared.parts[name], scores, drawn)
    write_json(run.files.panels_file, records)
    write_page(run.path)


def _experiment_of(experiment: Experiment, name: str, scores: PartScores) -> Experiment | None:
    """Return the experiment with the data of the scores ``name``; None when that data is gone."""
    if "cross_evaluation" not in scores:
        return experiment if name in experiment.recipe.evaluate.on else None
    try:
        every = cross_evaluation_entries(experiment, CrossEvaluation(**scores["cross_evaluation"]))
        return next((scored.experiment for scored in every if scored.name == name), None)
    except MaskwrightError as error:
        experiment.run.reporter.warn([f"No panels of {name}: {error}"])
        return None
