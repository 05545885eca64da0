"""Evaluation: predictions for a part of the data, scored by the official rules at original image size."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation import coco
from maskwright.evaluation.calibration import empty_bins
from maskwright.evaluation.results import to_results
from maskwright.evaluation.semantic_counts import SemanticCounts
from maskwright.files import write_json
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.prediction.instance import predict_instances
from maskwright.prediction.semantic import predict_label_map, predict_pixels
from maskwright.prediction.views import Views
from maskwright.recipes.schema import Evaluate
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import Processes
from maskwright.workflows.experiment import Experiment, input_size
from maskwright.workflows.loaded_model import load_model
from maskwright.workflows.masks import mask_files, write_classes


def evaluate_stage(experiment: Experiment) -> None:
    """Score the best checkpoint on the recipe's ``evaluate.on``; write ``predictions/`` and ``scores.json``."""
    run, recipe = experiment.run, experiment.recipe
    loaded = load_model(run.path, recipe.train.device)
    scores = {}
    for part in recipe.evaluate.on:
        folder = run.path / "predictions" / part
        scores[part] = evaluate_part(experiment, loaded.module, part, folder, final=True)
        write_classes(folder, experiment.prepared.table)
    write_json(run.path / "scores.json", scores)


def evaluate_part(
    experiment: Experiment,
    model: nn.Module,
    part: str,
    save: Path | None,
    processes: Processes | None = None,
    stop: StopRequest | None = None,
    final: bool = False,
) -> dict[str, Any]:
    """The scores of ``model`` (in evaluation mode) on ``part``; predictions are written below ``save`` if given.

    Of several ``processes`` each predicts its share of the images, so that every image counts once; the scores are
    those of the first, which has them all. After a request to ``stop`` the images left are not predicted, and the
    scores mean nothing.

    A ``final`` evaluation of a semantic model averages over what the recipe's ``evaluate`` names (flip, scales, window)
    and measures boundaries and calibration as well; any other sees each image once and is cheap.
    """
    processes, stop = processes or Processes(), stop or StopRequest()
    if experiment.recipe.task == "instance":
        return _evaluate_instances(experiment, model, part, save, processes, stop)
    return _evaluate_semantic(experiment, model, part, save, processes, stop, final)


def _evaluate_semantic(
    experiment: Experiment,
    model: nn.Module,
    name: str,
    save: Path | None,
    processes: Processes,
    stop: StopRequest,
    final: bool,
) -> dict[str, Any]:
    part, table = experiment.prepared.parts[name], experiment.prepared.table
    size = input_size(experiment.recipe.model.input)
    views = views_of(experiment.recipe.evaluate)
    files = mask_files([objects.image.file_name for objects in part.selection.images])
    counts = SemanticCounts.none(len(table) + 1)
    for objects in _share(experiment, name, processes, stop):
        file = files[objects.image.file_name]
        image = read_image(part.path_of(objects))
        truth = read_label_map(experiment.masks_folder(name) / file).astype(table.label_dtype)
        if final:
            predicted, confidence = predict_pixels(model, image, size, table.label_dtype, views)
            counts.add_details(truth, predicted, confidence, table.ignore_index)
        else:
            predicted = predict_label_map(model, image, size, table.label_dtype)
        counts.add(truth, predicted, table.ignore_index)
        if save is not None:
            write_label_map(save / "label_maps" / file, predicted, table.png_palette())
    counts.confusion = processes.total(counts.confusion)
    if not final:
        return counts.scores(table.names_with_background)
    counts.boundaries = processes.total(counts.boundaries)
    counts.bins = sum(processes.gathered(counts.bins), start=empty_bins())
    scores = counts.detailed_scores(table.names_with_background)
    averaged = "" if views.plain else f"; probabilities averaged over {views}"
    return {**scores, "views": asdict(views), "protocol": scores["protocol"] + averaged}


def views_of(section: Evaluate) -> Views:
    """The recipe's ``evaluate`` as what the probabilities of a semantic model are averaged over."""
    return Views(section.flip, section.scales, section.window, section.overlap)


def _evaluate_instances(
    experiment: Experiment, model: nn.Module, name: str, save: Path | None, processes: Processes, stop: StopRequest
) -> dict[str, Any]:
    part = experiment.prepared.parts[name]
    found = []
    for objects in _share(experiment, name, processes, stop):
        instances = predict_instances(model, read_image(part.path_of(objects)))
        found.append(to_results(instances, objects.image.id, objects.image.file_name))
    # In the order of the images, whoever predicted them: equal scores are ranked by it.
    results = [record for records in processes.in_order(found) for record in records]
    if not processes.first:
        return {}
    truth = coco.ground_truth(part.selection.images, experiment.prepared.table)
    if save is not None:
        write_json(save / "instances.json", results)
    return {**coco.coco_scores(truth, results), "protocol": coco.PROTOCOL}


def _share(experiment: Experiment, name: str, processes: Processes, stop: StopRequest) -> Iterator[ImageObjects]:
    images = processes.share(experiment.prepared.parts[name].selection.images)
    return stop.until(experiment.run.reporter.track(images, f"evaluating on {name}"))
