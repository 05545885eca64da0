"""Evaluation: predictions for a part of the data, scored by the official rules at original image size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation import coco, semantic
from maskwright.evaluation.results import to_results
from maskwright.files import write_json
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.prediction.instance import predict_instances
from maskwright.prediction.semantic import predict_label_map
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
        scores[part] = evaluate_part(experiment, loaded.module, part, folder)
        write_classes(folder, experiment.prepared.table)
    write_json(run.path / "scores.json", scores)


def evaluate_part(
    experiment: Experiment,
    model: nn.Module,
    part: str,
    save: Path | None,
    processes: Processes | None = None,
    stop: StopRequest | None = None,
) -> dict[str, Any]:
    """The scores of ``model`` (in evaluation mode) on ``part``; predictions are written below ``save`` if given.

    Of several ``processes`` each predicts its share of the images, so that every image counts once; the scores are
    those of the first, which has them all. After a request to ``stop`` the images left are not predicted, and the
    scores mean nothing.
    """
    evaluate = _evaluate_semantic if experiment.recipe.task == "semantic" else _evaluate_instances
    return evaluate(experiment, model, part, save, processes or Processes(), stop or StopRequest())


def _evaluate_semantic(
    experiment: Experiment, model: nn.Module, name: str, save: Path | None, processes: Processes, stop: StopRequest
) -> dict[str, Any]:
    part, table = experiment.prepared.parts[name], experiment.prepared.table
    size = input_size(experiment.recipe.model.input)
    files = mask_files([objects.image.file_name for objects in part.selection.images])
    counts = np.zeros((len(table) + 1, len(table) + 1), np.int64)
    for objects in _share(experiment, name, processes, stop):
        file = files[objects.image.file_name]
        predicted = predict_label_map(model, read_image(part.path_of(objects)), size, table.label_dtype)
        truth = read_label_map(experiment.masks_folder(name) / file).astype(table.label_dtype)
        counts += semantic.confusion(truth, predicted, len(table) + 1, table.ignore_index)
        if save is not None:
            write_label_map(save / "label_maps" / file, predicted)
    counts = processes.total(counts)
    names = table.names_with_background
    baseline = semantic.semantic_scores(semantic.baseline(counts), names)
    return {**semantic.semantic_scores(counts, names), "baseline": baseline, "protocol": semantic.PROTOCOL}


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
