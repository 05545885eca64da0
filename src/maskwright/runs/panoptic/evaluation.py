"""The evaluation of a panoptic model on a part of the data, by the engine of ``maskwright score panoptic``."""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.classes import classes_of_tables
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.evaluation.panoptic.per_image import SegmentRow, fewest_matched_first, segment_row
from maskwright.evaluation.panoptic.summary import PanopticMatches, match_image, summarise_panoptic
from maskwright.evaluation.panoptic.writing import panoptic_writer
from maskwright.evaluation.results.category_ids import of_annotation_file
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.parallel.threads import map_in_threads
from maskwright.prediction.predictor import Predictor
from maskwright.runs.experiment import Experiment
from maskwright.runs.panoptic.maps import panoptic_truth
from maskwright.structures import PanopticMap
from maskwright.training.processes import ProcessGroup

Scored = tuple[ImageObjects, PanopticMap, PanopticMatches]


def evaluate_panoptic(
    experiment: Experiment,
    model: Predictor[Any],
    name: str,
    images: Iterable[tuple[ImageObjects, npt.NDArray[np.uint8]]],
    save: Path | None,
    processes: ProcessGroup,
    final: bool,
) -> dict[str, Any]:
    """Return PQ, SQ and RQ of ``model`` on ``images`` of the part ``name``; empty but in the main process.

    With ``save`` the predictions are written there as ``panoptic.json`` and ``panoptic/<stem>.png``. A ``final``
    evaluation adds bootstrap intervals and the worst images.
    """
    part, table = experiment.prepared.parts[name], experiment.prepared.table
    classes = classes_of_tables(table, table.stuff_names, None, name)
    files = mask_files([objects.image.file_name for objects in part.selection.images])
    of_file = of_annotation_file(table, part.selection.categories)

    def matched(one: tuple[ImageObjects, Any, PanopticMap]) -> Scored:
        objects, _, found = one
        where = objects.image.file_name
        truth = panoptic_truth(experiment, part, objects)
        return objects, found, match_image(truth, found, classes, (f"the truth of {where}", where))

    images_of_process: list[tuple[int, PanopticMatches]] = []
    rows: list[SegmentRow] = []
    found = model.panoptic_maps(images, model.usual_batch)
    with nullcontext() if save is None else panoptic_writer(save, of_file) as write:
        for objects, segments, matches in map_in_threads(matched, found, model.result_threads):
            images_of_process.append((objects.image.id, matches))
            rows.append(segment_row(objects.image.id, objects.image.file_name, matches.counts.values()))
            if write is not None:
                write(objects.image.id, objects.image.file_name, segments, files[objects.image.file_name])
    if save is not None:
        write_classes(save, of_file)
    every = sorted((each for share in processes.gather(images_of_process) for each in share), key=lambda each: each[0])
    gathered = [row for share in processes.gather(rows) for row in share] if final else []
    if not processes.is_main:
        return {}
    matches = (each for _, each in every)
    resampling = Resampling() if final else None
    scores = summarise_panoptic(matches, classes, PanopticFindings(), name, resampling).scores
    return {**scores, "worst_images": fewest_matched_first(gathered)} if final else scores
