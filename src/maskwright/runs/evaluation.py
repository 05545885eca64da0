"""Evaluation: predict a part of the data and score it by the official rules, at original image size."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.taxonomy.applied import record_taxonomies
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.incomplete_objects import IncompleteObjects
from maskwright.evaluation.instances.detail_files import write_details
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.stream import InstanceStream
from maskwright.evaluation.panoptic.label_maps import LABEL_MAP_PROTOCOL, label_map_segments
from maskwright.evaluation.panoptic.one_kind import one_kind_intervals, one_kind_quality
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.results.category_ids import of_annotation_file, with_category_ids
from maskwright.evaluation.semantic.calibration import empty_bins
from maskwright.evaluation.semantic.counts import SemanticCounts
from maskwright.evaluation.semantic.intervals import class_pixels, semantic_intervals
from maskwright.evaluation.semantic.per_image import WORST, ImageRow, image_row, worst_first
from maskwright.files import write_json, writing_json_list
from maskwright.images.decode import read_image
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.models.semantic import SemanticOutput
from maskwright.parallel.freed_memory import freed_memory_kept
from maskwright.parallel.threads import map_in_threads
from maskwright.prediction.panoptic import require_plain
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.semantic import PLAIN, Pixels
from maskwright.prediction.test_time_augmentation import Views
from maskwright.recipes.schema import Evaluate
from maskwright.runs.data_check import data_changes
from maskwright.runs.experiment import Experiment
from maskwright.runs.leakage import find_leaked_images
from maskwright.runs.loaded_model import load_model
from maskwright.runs.panoptic.evaluation import evaluate_panoptic
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings, inference_record
from maskwright.runs.processes import threads_of, torch_threads
from maskwright.structures import Instances, LabelMap, ResultRecord
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup

Images = Iterator[tuple[ImageObjects, npt.NDArray[np.uint8]]]
Watch = Callable[[Sequence[ImageObjects], SemanticOutput], None]

# Each has up to four images read ahead. They decode faster than a network predicts, and large images fill the memory.
_READING_THREADS = 4


def evaluate_stage(experiment: Experiment, settings: InferenceSettings = DEFAULT_INFERENCE) -> None:
    """Score the best checkpoint on the parts in ``evaluate.on``; write ``predictions/`` and ``scores.json``.

    ``settings`` say how the model is applied.
    """
    run, recipe = experiment.run, experiment.recipe
    loaded = load_model(run.path, recipe.train.device, **settings.loading)
    run.reporter.warn(settings.remarks(loaded))
    changes = data_changes(run, experiment.prepared, recipe.evaluate.on)
    run.reporter.warn(f"{change}. The data as they are now are scored." for change in changes)
    scores = {}
    for part in recipe.evaluate.on:
        folder = run.files.predictions(part)
        with torch_threads(threads_of(run)), freed_memory_kept():
            scores[part] = evaluate_final(experiment, loaded, part, folder, settings)
        use = experiment.prepared.parts[part].translation
        scores[part] = record_taxonomies(scores[part], [use] if use else []) | find_leaked_images(
            run, experiment.prepared.parts[part]
        )
    write_json(run.files.scores_file, scores)


def evaluate_final(
    experiment: Experiment, model: Predictor[Any], part: str, save: Path, settings: InferenceSettings
) -> dict[str, Any]:
    """Return the scores of the last evaluation of ``model`` on ``part``, see :func:`evaluate_part`.

    Tiles of the ``settings`` replace those of the recipe.
    """
    views = settings.views(model, views_of(experiment.recipe.evaluate))
    return evaluate_part(experiment, model, part, save, final=True, views=views) | inference_record(settings, model)


def evaluate_part(
    experiment: Experiment,
    model: Predictor[Any],
    part: str,
    save: Path | None,
    processes: ProcessGroup | None = None,
    stop: StopRequest | None = None,
    final: bool = False,
    watch: Watch | None = None,
    views: Views | None = None,
) -> dict[str, Any]:
    """Return the scores of ``model`` on ``part``, and write its predictions below ``save`` if given.

    Instance results bear the category ids of the part's annotation file, see
    :func:`maskwright.evaluation.results.category_ids.of_annotation_file`; ``classes.json`` beside them has these ids.

    Each of several ``processes`` predicts its shard of the images; the counts are all-reduced or gathered, and the main
    process has the scores. Instance results are saved only by a process that works alone. After a ``stop`` request the
    remaining images are not predicted, and the scores are to be thrown away.

    A ``final`` evaluation of a semantic model averages probabilities over ``views``, or those of the recipe's
    ``evaluate`` (flip, scales, window), and adds boundary IoU and calibration. That of an instance model adds overlaps,
    errors, confusions, calibration, scores of single images, and the true objects that lack a mask or a box; with a
    window in ``views`` it predicts in tiles. That of a panoptic model adds intervals and the worst images.
    Any other evaluation predicts each image once, and ``watch`` is given each output of a semantic model with the
    objects of its images.
    """
    processes, stop = processes or ProcessGroup(), stop or StopRequest()
    images = _images(experiment, model, part, processes, stop)
    if experiment.recipe.task == "instance":
        return _evaluate_instances(experiment, model, part, images, save, processes, final, views or PLAIN)
    if experiment.recipe.task == "panoptic":
        require_plain(views or PLAIN)
        return evaluate_panoptic(experiment, model, part, images, save, processes, final)
    return _evaluate_semantic(experiment, model, part, images, save, processes, final, watch, views)


def measure_images(
    experiment: Experiment,
    model: Predictor[Any],
    part: str,
    chosen: Sequence[ImageObjects],
    processes: ProcessGroup,
    stop: StopRequest,
) -> dict[str, Any]:
    """Return the scores of ``model`` on the ``chosen`` images of ``part``, as :func:`evaluate_part` computes them."""
    images = _images(experiment, model, part, processes, stop, chosen)
    if experiment.recipe.task == "instance":
        return _evaluate_instances(experiment, model, part, images, None, processes, final=False)
    if experiment.recipe.task == "panoptic":
        return evaluate_panoptic(experiment, model, part, images, None, processes, final=False)
    return _evaluate_semantic(experiment, model, part, images, None, processes, final=False)


def _evaluate_semantic(
    experiment: Experiment,
    model: Predictor[Any],
    name: str,
    images: Images,
    save: Path | None,
    processes: ProcessGroup,
    final: bool,
    watch: Watch | None = None,
    views: Views | None = None,
) -> dict[str, Any]:
    part, table = experiment.prepared.parts[name], experiment.prepared.table
    classes = experiment.classes
    views = views or views_of(experiment.recipe.evaluate)
    files = mask_files([objects.image.file_name for objects in part.selection.images])
    batch = model.usual_batch

    def scored(
        one: tuple[ImageObjects, npt.NDArray[np.uint8], Pixels | LabelMap],
    ) -> tuple[SemanticCounts, ImageRow, dict[int, MatchCounts]]:
        """Return the counts, the scores and the segments of one image, and write its label map."""
        objects, _, found = one
        file, image_counts = files[objects.image.file_name], SemanticCounts.none(len(table) + 1)
        truth = read_label_map(experiment.masks_folder(name) / file).astype(table.label_dtype)
        if isinstance(found, Pixels):
            predicted = classes.label_map(found.label_map)
            image_counts.add_details(truth, predicted, found.confidence, table.ignore_index)
        else:
            predicted = classes.label_map(found)
        image_counts.add(truth, predicted, table.ignore_index)
        if save is not None:
            write_label_map(save / "label_maps" / file, predicted, table.png_palette())
        segments = label_map_segments(truth, predicted, image_counts.confusion, table.ignore_index) if final else {}
        return image_counts, image_row(objects.image.id, objects.image.file_name, image_counts.confusion), segments

    found = model.pixels(images, batch, views) if final else model.label_maps(images, batch, watch=watch)
    counts, by_image = SemanticCounts.none(len(table) + 1), {}
    image_rows: list[ImageRow] = []
    for image_counts, image, segments in map_in_threads(scored, found, model.result_threads):
        counts.merge(image_counts)
        image_rows.append(image)
        if final:
            pixels = class_pixels(image_counts.confusion, image_counts.boundaries)
            by_image[image["image_id"]] = pixels, segments
    if save is not None:
        write_classes(save, table)
    counts.confusion = processes.all_reduce_sum(counts.confusion)
    if not final:
        return counts.scores(table.names_with_background)
    counts.boundaries = processes.all_reduce_sum(counts.boundaries)
    counts.bins = sum(processes.gather(counts.bins), start=empty_bins())
    names, resampling = table.names_with_background, Resampling()
    scores = counts.detailed_scores(names)
    rows = {image: row for share in processes.gather(by_image) for image, row in share.items()}
    pixels_of, segments_of = zip(*(rows[image] for image in sorted(rows)), strict=True) if rows else ((), ())
    intervals = semantic_intervals(pixels_of, names, resampling)
    labels = dict(enumerate(names))
    intervals["panoptic"] = one_kind_intervals(segments_of, labels, resampling)
    panoptic = {**one_kind_quality(segments_of, labels), "protocol": LABEL_MAP_PROTOCOL}
    scores |= {"panoptic": panoptic, "intervals": intervals}
    averaged = "" if views.plain else f"; probabilities averaged over {views}"
    worst = worst_first(each for share in processes.gather(image_rows) for each in share)[:WORST]
    return {**scores, "worst_images": worst, "views": asdict(views), "protocol": scores["protocol"] + averaged}


def views_of(section: Evaluate) -> Views:
    """Return the views of the recipe's ``evaluate``, which the probabilities of a semantic model are averaged over."""
    return Views(section.flip, section.scales, section.window, section.overlap)


def _evaluate_instances(
    experiment: Experiment,
    model: Predictor[Any],
    name: str,
    images: Images,
    save: Path | None,
    processes: ProcessGroup,
    final: bool,
    views: Views = PLAIN,
) -> dict[str, Any]:
    thresholds = Thresholds(score=experiment.recipe.evaluate.show_score) if final else None
    stream = InstanceStream(experiment.prepared.table, thresholds, experiment.max_dets if final else None)
    table = of_annotation_file(experiment.prepared.table, experiment.prepared.parts[name].selection.categories)
    with _records(save) as write:

        def records(one: tuple[ImageObjects, Any, Instances]) -> tuple[ImageObjects, list[ResultRecord]]:
            objects, _, instances = one
            found = experiment.classes.instances(instances)
            return objects, found.to_coco(objects.image.id, objects.image.file_name)

        results = model.instances(images, model.usual_batch, views)
        for objects, found in map_in_threads(records, results, model.result_threads):
            stream.add(objects, found)
            write(with_category_ids(found, table))
    if save is not None:
        write_classes(save, table)
    streams = processes.gather(stream)
    if not processes.is_main:
        return {}
    scores, details = InstanceStream.merged(streams).result()
    if final:
        incomplete = IncompleteObjects.among(experiment.prepared.parts[name].selection.images)
        experiment.run.reporter.warn(incomplete.lines(name))
        scores["truth"] = incomplete.to_json()
    if save is not None and details is not None:
        write_details(save, details)
    return scores


def _records(save: Path | None) -> AbstractContextManager[Callable[[list[ResultRecord]], None]]:
    """Return the writer of result records, image by image; without ``save`` it writes nothing."""
    return nullcontext(lambda _: None) if save is None else writing_json_list(save / "instances.json")


def _images(
    experiment: Experiment,
    model: Predictor[Any],
    name: str,
    processes: ProcessGroup,
    stop: StopRequest,
    chosen: Sequence[ImageObjects] | None = None,
) -> Images:
    """Yield the objects and the pixels ``(H, W, 3)`` of each image in the shard of this process.

    They are those of the part ``name``, or the ``chosen`` ones of it. On a GPU, threads read images ahead while the
    network goes on; on a CPU, whose cores it needs itself, they are read one by one.
    """
    part = experiment.prepared.parts[name]
    share = processes.shard(part.selection.images if chosen is None else chosen)

    def read(objects: ImageObjects) -> tuple[ImageObjects, npt.NDArray[np.uint8]]:
        return objects, read_image(part.path_of(objects))

    listed = stop.until(experiment.run.reporter.track(share, f"evaluating on {name}"))
    return map_in_threads(read, listed, min(model.result_threads, _READING_THREADS))
