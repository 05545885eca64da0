"""The queue of a review as records: what ``suspects.json`` and ``suspects.csv`` hold and the page shows."""

from collections.abc import Sequence
from typing import Any

from maskwright.control_characters import lines_of_cells
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.reviewing.corrections import correction_text, corrections
from maskwright.reviewing.suspects import KINDS, Suspect, rounded

_COLUMNS = ("rank", "id", "kind", "evidence", "file_name", "image_id", "annotations", "label", "suggested", "score")


def suspect_records(suspects: Sequence[Suspect], truth: CocoTruth, results: Results) -> list[dict[str, Any]]:
    """Return a record of each suspect by rank, with the ids and class names of the annotation file.

    ``changes`` are what accepting it does to the file. ``score`` is the highest of its detections, None without one.
    """
    names = truth.labels()
    records = []
    for rank, each in enumerate(suspects, start=1):
        image, changes = truth.images[each.image], corrections(each, truth, results)
        scores = [results.records[i]["score"] for i in each.found]
        records.append(
            {
                "rank": rank,
                "id": f"s{rank}",
                "kind": each.kind,
                "meaning": KINDS[each.kind],
                "evidence": round(each.evidence, 4),
                "file_name": image["file_name"],
                "image_id": image["id"],
                "annotations": [truth.file_ids[i] for i in each.objects],
                "label": names[each.label] if each.label is not None else None,
                "suggested": names[each.suggested] if each.suggested is not None else None,
                "score": round(max(scores), 4) if scores else None,
                "figures": rounded(each.figures),
                "correction": correction_text(each, changes),
                "changes": changes,
            }
        )
    return records


def suspects_csv(records: Sequence[dict[str, Any]]) -> str:
    """Return the records as lines of CSV, without their figures and changes; annotation ids have spaces between."""
    rows = (
        [" ".join(map(str, each[name])) if name == "annotations" else each[name] for name in _COLUMNS]
        for each in records
    )
    return lines_of_cells([_COLUMNS, *(["" if cell is None else cell for cell in row] for row in rows)])
