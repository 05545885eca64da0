"""Cross-evaluation: score a trained model on another data set, or in other classes."""

from typing import Any

from maskwright.annotations.taxonomy.applied import record_taxonomies
from maskwright.errors import refuse_panoptic
from maskwright.files import write_json
from maskwright.runs.cross_evaluation_data import CrossEvaluation, cross_evaluation_entries, entry_record
from maskwright.runs.evaluation import evaluate_final
from maskwright.runs.experiment import Experiment
from maskwright.runs.leakage import find_leaked_images
from maskwright.runs.loaded_model import load_model
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings


def cross_evaluate(
    experiment: Experiment, asked: CrossEvaluation, settings: InferenceSettings = DEFAULT_INFERENCE
) -> None:
    """Score the best checkpoint on the data or classes in ``asked`` and add the scores to ``scores.json``.

    Predictions go to ``predictions/<name>``, the true label maps of a semantic model to ``masks/<name>``, both in the
    classes that are scored. ``settings`` say how the model is applied. The report stage is reset. Raises what
    :func:`cross_evaluation_entries` raises.
    """
    run = experiment.run
    remedy = "Predict it, and use `maskwright score panoptic`."
    refuse_panoptic(experiment.recipe.task, run.path, "evaluate on other data or in other classes", remedy)
    file = run.files.scores_file
    scores: dict[str, Any] = dict(run.files.scores) if file.is_file() else {}
    entries = list(cross_evaluation_entries(experiment, asked))
    loaded = load_model(run.path, experiment.recipe.train.device, **settings.loading)
    run.reporter.warn(settings.remarks(loaded))
    for scored in entries:
        for line in (line for use in scored.taxonomies for line in use.lines):
            run.reporter.say(f"{scored.name}: {line}")
        if experiment.recipe.task == "semantic":
            scored.draw_truth()
        folder = run.files.predictions(scored.name)
        found = evaluate_final(scored.experiment, loaded, scored.name, folder, settings)
        scores[scored.name] = (
            record_taxonomies(found, scored.taxonomies)
            | entry_record(scored, asked)
            | find_leaked_images(run, scored.data)
        )
    run.reset_stages(["report"])
    write_json(file, scores)
