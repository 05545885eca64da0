"""Scores of a model file, without its run, on annotated images: an export, or weights that were copied."""

from pathlib import Path
from typing import Any

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError, refuse_panoptic
from maskwright.evaluation.coco.detection_limit import require_limit_of
from maskwright.evaluation.score_instances import score_instances
from maskwright.evaluation.score_semantic import score_semantic
from maskwright.progress import Reporter
from maskwright.runs.cross_evaluation_data import CrossEvaluation
from maskwright.runs.loaded_model import load_model
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings, inference_record


def evaluate_file(
    file: Path,
    on: CrossEvaluation | None,
    reporter: Reporter,
    settings: InferenceSettings = DEFAULT_INFERENCE,
    max_dets: int | None = None,
) -> dict[str, Any]:
    """Return the scores of the model ``file`` on the images and annotations in ``on``, under the name of that data set.

    They are those of :func:`~maskwright.evaluation.score_instances.score_instances` or
    :func:`~maskwright.evaluation.score_semantic.score_semantic`. Nothing is written. ``max_dets``
    adds the scores of instances with that limit of detections.

    Raises ``UsageError`` when ``on`` names no data, or a taxonomy, and for a limit of a semantic model.
    """
    if on is None or on.annotations is None or on.images is None or on.taxonomy is not None:
        raise UsageError(
            f"{file}: a model file, which has no data of its own; expected --annotations and --images, and no "
            "--taxonomy. Give them, or the run folder."
        )
    model, truth = load_model(file, **settings.loading), CocoDataset.open(on.annotations, on.images)
    refuse_panoptic(model.task, file, "evaluate on other data", "Predict it, and use `maskwright score panoptic`.")
    require_limit_of(model.task, max_dets)
    reporter.warn(settings.remarks(model))
    views, record = settings.views(model), inference_record(settings, model)
    samples = reporter.track(truth, f"evaluating on {on.name}", len(truth))
    pairs = ((sample.name, sample.image) for sample in samples)
    if model.task == "semantic":
        maps = {name: found for name, _, found in model.label_maps(pairs, model.usual_batch, views)}
        return {on.name: score_semantic(truth, maps, prediction_classes=model.classes) | record}
    objects = {name: found for name, _, found in model.instances(pairs, model.usual_batch, views)}
    return {on.name: score_instances(truth, objects, area="mask", max_dets=max_dets, reporter=reporter) | record}
