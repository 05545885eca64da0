"""The corrections that suspects suggest, as changes that ``check --fix --decisions`` applies to the file."""

from typing import Any

from hotcoco import mask as coco_mask

from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.reviewing.suspects import (
    DUPLICATE,
    MERGED,
    MISSING,
    POOR_OUTLINE,
    SPLIT,
    SPURIOUS,
    WRONG_CLASS,
    Suspect,
)
from maskwright.structures import ResultRecord

Change = dict[str, Any]


def corrections(suspect: Suspect, truth: CocoTruth, results: Results) -> list[Change]:
    """Return the changes of the annotation file that make the correction, in the file's own ids.

    They are none where an outline is needed and the results have boxes alone: no outline is made up. See
    :mod:`maskwright.annotations.repair.decisions` for their form.
    """
    ids = [truth.file_ids[i] for i in suspect.objects]
    found = [results.records[i] for i in suspect.found]
    needs_outline = suspect.kind in (MISSING, POOR_OUTLINE, MERGED, SPLIT)
    if needs_outline and not all("segmentation" in each for each in found):
        return []
    match suspect.kind:
        case "missing":
            return [_add(suspect, truth, each) for each in found]
        case "spurious":
            return [_remove(ids[0])]
        case "wrong_class":
            return [{"do": "class", "annotation": ids[0], "category_id": suspect.suggested}]
        case "poor_outline":
            return [_outline(ids[0], found[0])]
        case "duplicate":
            return [_remove(each) for each in ids[1:]]
        case "merged":
            # The label keeps its id and all other fields on the first part.
            return [_outline(ids[0], found[0]), *(_add(suspect, truth, each) for each in found[1:])]
        case _:
            return [_outline(ids[0], found[0]), *(_remove(each) for each in ids[1:])]


def correction_text(suspect: Suspect, changes: list[Change]) -> str:
    """Return in words what accepting ``suspect`` does to the file."""
    if not changes:
        return "Nothing is changed: the results have boxes alone. Correct the outline in your labelling tool."
    return {
        MISSING: "A label with the model's outline is added.",
        SPURIOUS: "The label is removed.",
        WRONG_CLASS: "The label gets the model's class.",
        POOR_OUTLINE: "The label gets the model's outline.",
        DUPLICATE: "The second label is removed.",
        MERGED: "The label gets the outline of one object, and labels of the others are added.",
        SPLIT: "The first label gets the whole outline, and the others are removed.",
    }[suspect.kind]


def _remove(annotation: int) -> Change:
    return {"do": "remove", "annotation": annotation}


def _outline(annotation: int, record: ResultRecord) -> Change:
    return {"do": "outline", "annotation": annotation, **_measured(record)}


def _add(suspect: Suspect, truth: CocoTruth, record: ResultRecord) -> Change:
    place = {"image_id": truth.images[suspect.image]["id"], "category_id": record["category_id"]}
    return {"do": "add", **place, **_measured(record)}


def _measured(record: ResultRecord) -> dict[str, Any]:
    """Return the mask as JSON holds it, with its own box and area, so that all three agree."""
    rle: dict[str, Any] = record["segmentation"]
    counts = rle["counts"]
    return {
        "segmentation": {
            "size": [int(side) for side in rle["size"]],
            "counts": counts.decode("ascii") if isinstance(counts, bytes) else counts,
        },
        "bbox": [float(side) for side in coco_mask.to_bbox(rle)],
        "area": float(coco_mask.area(rle)),
    }
