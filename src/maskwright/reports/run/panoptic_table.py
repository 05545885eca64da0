"""The table of panoptic quality of semantic and instance runs, beside their own scores; by class, with intervals."""

from maskwright.reports.tables import (
    CaptionedTable,
    Scores,
    Table,
    count_cell,
    interval_cell,
    interval_column,
    is_measured,
    score_cell,
)


def panoptic_table(scores: Scores) -> CaptionedTable | None:
    """Return the table of the classes with a segment, highest PQ first; None where ``scores`` have no PQ."""
    found = scores.get("panoptic") or {}
    classes = {name: row for name, row in (found.get("classes") or {}).items() if is_measured((row or {}).get("PQ"))}
    if not classes:
        return None
    column, intervals = interval_column(scores), (scores.get("intervals") or {}).get("panoptic") or {}
    of_class = intervals.get("classes") or {}
    rows = [
        [
            name,
            score_cell(row["PQ"]),
            *([interval_cell((of_class.get(name) or {}).get("PQ"))] if column else []),
            *(score_cell(row.get(key)) for key in ("SQ", "RQ")),
            *(count_cell(row.get(key)) for key in ("matched", "wrong", "missed")),
        ]
        for name, row in sorted(classes.items(), key=lambda item: -item[1]["PQ"])
    ]
    beside = f" ({column} {interval_cell(intervals.get('PQ'))})" if column else ""
    meaning = (
        f"Over all classes: PQ {score_cell(found['PQ'])}{beside}, SQ {score_cell(found['SQ'])}, RQ "
        f"{score_cell(found['RQ'])}. PQ = SQ × RQ in each class: the mean IoU of matched segments, and the F1 of "
        f"segments. Protocol: {found['protocol']}."
    )
    header = ["class", "PQ", *([column] if column else []), "SQ", "RQ", "matched", "wrong", "missed"]
    return CaptionedTable("Panoptic quality", meaning, Table(header, rows, bar=1))
