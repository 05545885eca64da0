"""The predictions of all folds as one results file, and their scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.errors import DataError
from maskwright.evaluation.instances.stream import InstanceStream
from maskwright.evaluation.prediction_files import RESULTS
from maskwright.evaluation.results.classes import CLASSES_FILE, class_index
from maskwright.evaluation.results.index import ImageIndex
from maskwright.evaluation.results.records import read_results
from maskwright.files import read_json, read_json_list, write_bytes, write_json, writing_json_list
from maskwright.run_folder import RunFolder
from maskwright.runs.folds.plan import HELD_OUT, SUMMARY, Fold, FoldPlan
from maskwright.structures import ResultRecord


def merge_folds(plan: FoldPlan) -> dict[str, Any]:
    """Write the predictions of all folds as one results file, and return their scores, pooled and of each fold.

    ``instances.json`` has the image and category ids of the annotation file, and ``classes.json`` lies beside it. The
    pooled scores are computed once over all images, each predicted by the model that did not learn it.
    """
    with writing_json_list(plan.path / RESULTS) as write:
        for fold in plan.folds:
            write(read_json_list(_predictions(fold) / RESULTS))
    write_bytes(plan.path / CLASSES_FILE, (_predictions(plan.folds[0]) / CLASSES_FILE).read_bytes())
    folds = [
        {
            "number": fold.number,
            "run": str(fold.path),
            "images": fold.images,
            "scores": _headline(RunFolder(fold.path).scores[HELD_OUT]),
        }
        for fold in plan.folds
    ]
    found = {
        "recipe": plan.name,
        "annotations": str(plan.annotations),
        "images": len(plan.images),
        "predictions": str(plan.path / RESULTS),
        "pooled": pooled_scores(plan),
        "folds": folds,
    }
    begun = read_json(plan.path / SUMMARY)["begun"]
    write_json(plan.path / SUMMARY, {"begun": begun, **found})
    return found


def pooled_scores(plan: FoldPlan) -> dict[str, Any]:
    """Return the COCO scores of the merged predictions on all images."""
    images = ImageIndex(
        {each.image.id: (each.image.height, each.image.width) for each in plan.images},
        {each.image.file_name: each.image.id for each in plan.images},
    )
    path = plan.path / RESULTS
    index = class_index(path, {each.index: each.name for each in plan.table})
    found: dict[int, list[ResultRecord]] = {}
    for each in read_results(path, images, index).records:
        found.setdefault(each["image_id"], []).append(each)
    stream = InstanceStream(plan.table)
    for objects in plan.images:
        stream.add(objects, found.get(objects.image.id, []))
    return _headline(stream.result()[0])


def _predictions(fold: Fold) -> Path:
    folder = RunFolder(fold.path).predictions(HELD_OUT)
    if not (folder / RESULTS).is_file():
        raise DataError(f"{folder}: holds no predictions; expected those of fold {fold.number}. Run the folds again.")
    return folder


def _headline(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: dict(scores[kind]) for kind in ("segm", "bbox") if kind in scores}
