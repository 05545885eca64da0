"""The tables of a panoptic model's scores, as text cells: all classes, things and stuff, and each class."""

from maskwright.evaluation.panoptic.quality import MEASURES
from maskwright.reports.tables import (
    Scores,
    Table,
    count_cell,
    interval_cell,
    interval_column,
    is_measured,
    score_cell,
    with_class_intervals,
)

_KINDS = {True: "thing", False: "stuff", None: ""}


def panoptic_summary(scores: Scores) -> Table:
    """Return a table of PQ, SQ and RQ over all classes, over things and over stuff."""
    intervals, column = scores.get("intervals") or {}, interval_column(scores)
    rows = []
    for name in ("all", "things", "stuff"):
        part, of_part = (scores, intervals) if name == "all" else (scores.get(name) or {}, intervals.get(name) or {})
        beside = [interval_cell(of_part.get("PQ"))] if column else []
        rows.append([name, score_cell(part.get("PQ")), *beside, score_cell(part.get("SQ")), score_cell(part.get("RQ"))])
    return Table(["classes", "PQ", *([column] if column else []), "SQ", "RQ"], rows, bar=1)


def panoptic_classes(scores: Scores) -> Table:
    """Return a table of the scores and the segments of each class, highest PQ first, unmeasured classes last."""
    classes = {name: row or {} for name, row in (scores.get("classes") or {}).items()}
    measured = [name for name, row in classes.items() if is_measured(row.get("PQ"))]
    ordered = sorted(measured, key=lambda name: -classes[name]["PQ"])
    ordered += [name for name in classes if name not in measured]
    rows = [
        [
            name,
            _KINDS[classes[name].get("thing")],
            *(score_cell(classes[name].get(key)) for key in MEASURES),
            *(count_cell(classes[name].get(key)) for key in ("matched", "wrong", "missed")),
        ]
        for name in ordered
    ]
    header = ["class", "kind", *MEASURES, "matched", "wrong", "missed"]
    return with_class_intervals(Table(header, rows, bar=2), scores, "PQ", after=2)
