"""Scores of COCO results that any tool wrote, by the evaluator the field uses, and what lies behind the numbers."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.instances.detail_files import write_details
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.summary import (
    InstanceScores,
    ResultClasses,
    require_thresholds,
    summarise_instances,
)
from maskwright.evaluation.results.classes import CLASSES_FILE, class_index
from maskwright.evaluation.results.records import read_results
from maskwright.files import write_json
from maskwright.progress import Reporter


def score_instance(
    truth: Path,
    results: Path,
    *,
    classes: Sequence[str] | None = None,
    score: float = 0.5,
    iou: float = 0.5,
    details: bool = True,
    boundary: bool = False,
    out: Path | None = None,
    reporter: Reporter | None = None,
) -> InstanceScores:
    """Score the COCO results JSON ``results`` by the COCO file ``truth``.

    Images are found by file name where a record has one, else by id. Category ids are the truth's, or, with a
    ``classes.json`` beside the results, its indices, matched by name; ``classes`` leaves only those in the truth. Masks
    are scored where truth and results have them, boxes always. ``score`` and ``iou`` are thresholds of the ``details``
    alone. ``boundary`` adds boundary IoU. ``out`` is a folder for ``scores.json``, ``curves.json`` and ``images.json``.

    Raises ``UsageError`` for thresholds out of range, ``DataError`` when no record can be scored.
    """
    thresholds = Thresholds(score, iou)
    require_thresholds(thresholds)
    true = read_truth(truth, classes)
    index = class_index(results, true.names, true.other_names)
    beside = results.parent / CLASSES_FILE
    meaning = f"indices of {CLASSES_FILE}, matched by name" if beside.is_file() else "the truth's own"
    found = read_results(results, true.image_index(), index)
    summary = summarise_instances(
        true,
        found,
        ResultClasses(index, meaning, beside),
        thresholds if details else None,
        boundary,
        reporter or Reporter(),
    )
    if out is not None:
        _write(out, summary)
    return summary


def _write(folder: Path, summary: InstanceScores) -> None:
    write_json(folder / "scores.json", summary.to_json())
    if summary.details is not None:
        write_details(folder, summary.details)
