"""Scores of a trained model on other data, or in other classes, beside those of its recipe."""

from typing import Any

from maskwright.annotations.taxonomy.use import stated
from maskwright.files import read_json, write_json
from maskwright.runs.context import Experiment
from maskwright.runs.cross_evaluation import Elsewhere, record, scored_elsewhere
from maskwright.runs.evaluation import evaluate_part
from maskwright.runs.leakage import trained_on
from maskwright.runs.loaded_model import load_model
from maskwright.workflows.masks import write_classes


def evaluate_elsewhere(experiment: Experiment, elsewhere: Elsewhere) -> None:
    """Score the best checkpoint on what ``elsewhere`` says; the scores join ``scores.json`` under names of their own.

    Predictions are written to ``predictions/<name>`` in the classes that are scored, as are the true label maps of a
    semantic model to ``masks/<name>``. Raises what :func:`maskwright.runs.cross_evaluation.scored_elsewhere` raises.
    """
    run = experiment.run
    file = run.path / "scores.json"
    scores: dict[str, Any] = read_json(file) if file.is_file() else {}
    entries = list(scored_elsewhere(experiment, elsewhere))
    loaded = load_model(run.path, experiment.recipe.train.device)
    for scored in entries:
        for line in (line for use in scored.uses for line in use.lines):
            run.reporter.say(f"{scored.name}: {line}")
        if experiment.recipe.task == "semantic":
            scored.draw_truth()
        folder = run.path / "predictions" / scored.name
        with loaded.named():
            found = evaluate_part(scored.experiment, loaded.module, scored.name, folder, final=True)
        write_classes(folder, scored.experiment.prepared.table)
        scores[scored.name] = stated(found, scored.uses) | record(scored, elsewhere) | trained_on(run, scored.data)
    run.forget(["report"])
    write_json(file, scores)
