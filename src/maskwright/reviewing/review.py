"""The work of a review: suspects of a truth file by the predictions of any tool, written as a page and as files."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.document import read_document, records_with_ids, write_coco
from maskwright.annotations.repair.decisions import FORMAT
from maskwright.errors import UsageError, require_file, require_folder, unknown_name
from maskwright.evaluation.coco.truth import CocoTruth, read_truth
from maskwright.evaluation.prediction_files import RESULTS
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import Results, read_results
from maskwright.files import sha256_of, write_bytes, write_json, write_text
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.reports.review.page import render_review_page
from maskwright.reviewing.labelling_tools.cvat import cvat_annotations, cvat_labels
from maskwright.reviewing.labelling_tools.label_studio import INTERFACE, LOCAL_FILES, label_studio_tasks
from maskwright.reviewing.labelling_tools.review_task import ReviewTask
from maskwright.reviewing.labelling_tools.tasks import review_tasks
from maskwright.reviewing.pictures import suspect_pictures
from maskwright.reviewing.records import suspect_records, suspects_csv
from maskwright.reviewing.search import find_suspects
from maskwright.reviewing.suspects import Suspect, counts_by_kind

SUSPECTS, TABLE, PAGE, SUBSET = "suspects.json", "suspects.csv", "review.html", "suspects.coco.json"

# Of each labelling tool the file with the suspects, and that with the settings of its project.
TASK_FILES = {
    "label-studio": ("label-studio.json", "label-studio.xml"),
    "cvat": ("cvat.xml", "cvat-labels.json"),
}


@dataclass(frozen=True)
class Review:
    """The ``numbers`` of a review, as ``suspects.json`` holds them, and the ``path`` of its folder."""

    numbers: dict[str, Any]
    path: Path

    @property
    def suspects(self) -> list[dict[str, Any]]:
        """The suspects by falling evidence: ``kind``, ``evidence``, ``file_name``, ``annotations``, ``changes`` …."""
        return self.numbers["suspects"]

    @property
    def page(self) -> Path:
        """The page on which suspects are accepted and rejected."""
        return self.path / PAGE

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return self.numbers


def write_review(
    annotations: Path,
    predictions: Path,
    images: Path,
    out: Path,
    most: int,
    overwrite: bool,
    reporter: Reporter,
    tasks: Sequence[str] = (),
    image_address: str | None = None,
) -> Review:
    """Review the file ``annotations`` by ``predictions`` and write the queue to the folder ``out``.

    See :func:`maskwright.workflows.review.review` for the arguments and errors.
    """
    if most < 1:
        raise UsageError(f"--max {most}: expected at least 1 suspect on the page.")
    for tool in tasks:
        if tool not in TASK_FILES:
            raise unknown_name("labelling tool", tool, TASK_FILES)
    require_folder(images, "images")
    path = require_file(predictions / RESULTS if predictions.is_dir() else predictions, "predictions")
    output = Output("review", out, reporter.notice, [annotations, path], overwrite)
    truth = read_truth(annotations)
    results = read_results(path, truth.image_index(), class_index(path, truth.names, truth.other_names))
    results.records = results.with_boxes()
    remarks = [*truth.lines(), *results.rejected.lines(path.name), *_unpredicted(truth, results)]
    reporter.warn(remarks)
    reporter.say(f"comparing {len(truth.annotations):,} labels with {len(results.records):,} detections")
    suspects = find_suspects(truth, results)
    numbers = _numbers(annotations, path, truth, results, suspects, remarks)
    expected = [SUSPECTS, TABLE, PAGE, SUBSET, *(name for tool in tasks for name in TASK_FILES[tool])]
    with output_folder(output, expected=expected) as staging:
        shown = suspects[:most]
        drawn = suspect_pictures(shown, truth, results, images)
        pictures = list(reporter.track(drawn, "pictures of suspects", len(shown)))
        write_json(staging / SUSPECTS, numbers)
        write_text(staging / TABLE, suspects_csv(numbers["suspects"]))
        write_text(staging / PAGE, render_review_page(numbers, pictures, FORMAT))
        _write_tasks(staging, tasks, image_address, review_tasks(numbers, shown, truth, results))
        _write_subset(staging / SUBSET, annotations, {truth.images[each.image]["id"] for each in suspects})
    return Review(numbers, out)


def _write_tasks(folder: Path, tools: Sequence[str], image_address: str | None, tasks: list[ReviewTask]) -> None:
    for tool in tools:
        content, settings = (folder / name for name in TASK_FILES[tool])
        if tool == "cvat":
            write_bytes(content, cvat_annotations(tasks))
            write_json(settings, cvat_labels())
        else:
            write_json(content, label_studio_tasks(tasks, image_address or LOCAL_FILES))
            write_text(settings, INTERFACE)


def _write_subset(path: Path, annotations: Path, images: set[int]) -> None:
    """Write the ``images`` with all their annotations as a COCO file, every record as it is, for a labelling tool."""
    document = read_document(annotations)
    write_coco(
        path,
        records_with_ids(document.images, images),
        records_with_ids(document.annotations, [a.id for a in document.coco.annotations if a.image_id in images]),
        document.categories,
        document.head,
    )


def _numbers(
    annotations: Path, path: Path, truth: CocoTruth, results: Results, suspects: Sequence[Suspect], remarks: list[str]
) -> dict[str, Any]:
    return {
        "annotations": {"file": annotations.name, "sha256": sha256_of(annotations)},
        "predictions": path.name,
        "images": len(truth.images),
        "labels": len(truth.annotations),
        "detections": len(results.records),
        "compared": "masks" if truth.has_masks and results.has_masks else "boxes",
        "kinds": counts_by_kind(list(suspects)),
        "remarks": remarks,
        "command": " ".join(["maskwright", *sys.argv[1:]]),
        "suspects": suspect_records(suspects, truth, results),
    }


def _unpredicted(truth: CocoTruth, results: Results) -> list[str]:
    """Return a warning of images without any detection: their labels would all be spurious."""
    without = len(truth.images) - len({each["image_id"] for each in results.records})
    if not without:
        return []
    return [
        f"{results.path.name}: {without} of {len(truth.images)} images have no detection. If the model did not see "
        "them, leave them out; else their labels count as not found."
    ]
