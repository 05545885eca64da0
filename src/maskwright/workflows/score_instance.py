"""Scores of COCO results that any tool wrote, by the evaluator the field uses, and what lies behind the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.evaluation.coco.scores import kinds, official_scores
from maskwright.evaluation.coco.truth import CocoTruth, read_truth
from maskwright.evaluation.instances.detail_files import write_details
from maskwright.evaluation.instances.details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.results.classes import CLASSES_FILE, class_index
from maskwright.evaluation.results.index import ClassIndex
from maskwright.evaluation.results.records import Results, read_results
from maskwright.files import write_json
from maskwright.progress import Reporter


@dataclass(frozen=True)
class InstanceScores:
    """The scores of a results file; ``remarks`` name what was left out and what a person should know besides.

    ``details`` is None when only the official numbers were asked for.
    """

    scores: dict[str, Any]
    details: Details | None
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """For ``--json``: without the curves and with the worst images only, which are long."""
        return {**self.scores, "remarks": self.remarks}


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
    if not 0 <= score <= 1:
        raise UsageError(f"--score {score}: expected a number from 0 to 1.")
    if not 0 < iou <= 1:
        raise UsageError(f"--iou {iou}: expected a number above 0, at most 1.")
    reporter = reporter or Reporter()
    true = read_truth(truth, classes)
    index = class_index(results, true.names, true.other_names)
    found = read_results(results, true.image_index(), index)
    scores = official_scores(true, found)
    behind = None
    if details:
        true.draw_masks()
        kind = kinds(true, found)[-1]
        records = found.of(kind) if kind == "segm" else found.boxed()
        gathering = InstanceDetails(true.labels(), kind, Thresholds(score, iou), boundary)
        images = image_records(true.document(kind), records)
        for image in reporter.track(images, "overlaps", len(true.images)):
            gathering.add(image)
        behind = gathering.result()
        scores = behind.joined_to(scores)
    scores |= {"results": _account(found), "truth": true.audit.to_json() | {"without_mask": true.without_mask}}
    summary = InstanceScores(scores, behind, [*_remarks(true, found), *_unknown_classes(true, index, results)])
    if out is not None:
        _write(out, summary)
    return summary


def _account(results: Results) -> dict[str, Any]:
    beside = (results.path.parent / CLASSES_FILE).is_file()
    return {
        "found": results.found,
        "used": len(results.records),
        "left_out": results.left_out.to_json(),
        "category_ids": f"indices of {CLASSES_FILE}, matched by name" if beside else "the truth's own",
    }


def _remarks(truth: CocoTruth, results: Results) -> list[str]:
    remarks = [*truth.audit.lines(), *results.left_out.lines(str(results.path))]
    if not truth.have_masks:
        remarks.append(f"{truth.path}: the truth has no mask; only boxes are scored.")
    elif truth.without_mask:
        some = ", ".join(map(str, truth.without_mask[:5])) + (", …" if len(truth.without_mask) > 5 else "")
        count = len(truth.without_mask)
        have, listed = ("object has", "annotation") if count == 1 else ("objects have", "annotations")
        what = f"{count} {have} no mask that can be drawn ({listed} {some})"
        remarks.append(f"{truth.path}: {what}; {_they_count(count)} for boxes only.")
    if not results.have_masks:
        remarks.append(f"{results.path}: the results have no mask; only boxes are scored.")
    elif results.without_mask:
        count = results.without_mask
        have = "record has" if count == 1 else "records have"
        remarks.append(f"{results.path}: {count} {have} no mask; {_they_count(count)} for boxes only.")
    return remarks


def _they_count(count: int) -> str:
    return "it counts" if count == 1 else "they count"


def _unknown_classes(truth: CocoTruth, index: ClassIndex, results: Path) -> list[str]:
    known = set(index.categories.values())
    unknown = [name for category_id, name in truth.names.items() if category_id not in known]
    if not unknown:
        return []
    some = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
    return [
        f"{results.parent / CLASSES_FILE}: lacks {len(unknown)} of the truth's {len(truth.names)} classes ({some}), "
        "scored as not found. Leave out what is not to be scored with --classes."
    ]


def _write(folder: Path, summary: InstanceScores) -> None:
    write_json(folder / "scores.json", summary.to_json())
    if summary.details is not None:
        write_details(folder, summary.details)
