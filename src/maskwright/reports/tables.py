"""Tables of scores and counts, as text cells. A value that was not measured is an en dash, never a zero."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from maskwright.reports.score_names import SEMANTIC

ABSENT = "–"
SEMANTIC_COLUMNS = {"IoU": "IoU", "Dice": "Dice", "accuracy": "accuracy", "boundary_IoU": "boundary IoU"}
INSTANCE_COLUMNS = {"segm": "mask AP", "segm50": "mask AP50", "bbox": "box AP", "bbox50": "box AP50"}
COCO_ROWS = {
    "AP": "AP, mean over IoU 0.50 to 0.95",
    "AP50": "AP50, IoU 0.50",
    "AP75": "AP75, IoU 0.75",
    "APs": "APs, small objects, below 32² pixels",
    "APm": "APm, medium objects, 32² to 96² pixels",
    "APl": "APl, large objects, above 96² pixels",
    "AR1": "AR1, recall with 1 detection per image",
    "AR10": "AR10, recall with 10",
    "AR100": "AR100, recall with 100",
    "ARs": "ARs, recall of small objects",
    "ARm": "ARm, recall of medium objects",
    "ARl": "ARl, recall of large objects",
}

Scores = Mapping[str, Any]


class Table(NamedTuple):
    """A header and rows with as many cells.

    The first column names the row. ``bar`` is the index of the column that a page also draws as a bar. ``links`` are
    the places on the page that the names of rows lead to, such as ``#panel-3``.
    """

    header: list[str]
    rows: list[list[str]]
    bar: int | None = None
    links: Mapping[str, str] = {}


class CaptionedTable(NamedTuple):
    """A table with its title and the meaning of its numbers."""

    title: str
    meaning: str
    table: Table


def score_cell(value: Any) -> str:
    """Return ``value`` with three decimals, or an en dash where it is not a finite number."""
    return f"{value:.3f}" if is_measured(value) else ABSENT


def interval_cell(estimate: Scores | None) -> str:
    """Return ``[low, high]`` of an estimate with three decimals each, or an en dash where there is no interval."""
    low, high = (estimate or {}).get("low"), (estimate or {}).get("high")
    return f"[{low:.3f}, {high:.3f}]" if is_measured(low) and is_measured(high) else ABSENT


def interval_column(scores: Scores) -> str:
    """Return the title of the column of intervals, such as ``95 % interval``; empty where ``scores`` have none."""
    found = scores.get("intervals") or {}
    return f"{100 * found['level']:g} % interval" if is_measured(found.get("level")) else ""


def signed(value: Any) -> str:
    """Return a difference with its sign and three decimals; an en dash where it is not a finite number."""
    return f"{value:+.3f}".replace("-", "−") if is_measured(value) else ABSENT


def count_cell(value: Any) -> str:
    """Return ``value`` as a whole number with thousands separators, or an en dash where it is not finite."""
    return f"{value:,.0f}" if is_measured(value) else ABSENT


def is_measured(value: Any) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number. A bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def semantic_summary(scores: Scores) -> Table:
    """Return a table of the overall semantic scores beside those of the all-background baseline.

    Boundary IoU and the calibration error have rows where they were measured; they have no baseline.
    """
    baseline, intervals, column = scores.get("baseline") or {}, scores.get("intervals") or {}, interval_column(scores)
    shown = [(label, scores.get(key), key) for key, label in SEMANTIC.items()]
    if "boundary_mIoU" in scores:
        shown.append(("mean boundary IoU", scores["boundary_mIoU"], "boundary_mIoU"))
    if "calibration" in scores:
        shown.append(("calibration error (ECE), 0 is best", (scores["calibration"] or {}).get("ECE"), "calibration"))
    rows = [
        [
            label,
            score_cell(value),
            *([interval_cell(intervals.get(key))] if column else []),
            score_cell(baseline.get(key)),
        ]
        for label, value, key in shown
    ]
    return Table(["score", "model", *([column] if column else []), "all background"], rows, bar=1)


def semantic_classes(scores: Scores) -> Table:
    """Return a table of the scores of each class and the baseline's IoU, highest IoU first, unmeasured classes last.

    Boundary IoU has a column where it was measured.
    """
    classes, baseline = _per_class(scores), _per_class(scores.get("baseline") or {})
    measured = any("boundary_IoU" in entry for entry in classes.values())
    columns = {key: label for key, label in SEMANTIC_COLUMNS.items() if key != "boundary_IoU" or measured}
    rows = [
        [name, *(score_cell(classes[name].get(key)) for key in columns), score_cell(baseline.get(name, {}).get("IoU"))]
        for name in _best_first(classes, "IoU")
    ]
    return with_class_intervals(Table(["class", *columns.values(), "baseline IoU"], rows, bar=1), scores, "IoU")


def instance_summary(scores: Scores) -> Table:
    """Return a table of the twelve COCO scores of masks and of boxes."""
    intervals, column = scores.get("intervals") or {}, interval_column(scores)
    rows = []
    for key, label in COCO_ROWS.items():
        cells = [label]
        for kind in ("segm", "bbox"):
            cells.append(score_cell((scores.get(kind) or {}).get(key)))
            cells += [interval_cell((intervals.get(kind) or {}).get(key))] if column else []
        rows.append(cells)
    beside = [column] if column else []
    return Table(["COCO score", "mask", *beside, "box", *beside], rows, bar=1)


def summary_caption(scores: Scores) -> str:
    """Return the caption of the table of overall scores: how masks are measured, and which objects lack what.

    Scores that record neither, such as semantic ones, have a plain caption.
    """
    said = ["Over all classes"]
    if scores.get("area"):
        said.append(f"sizes of detected masks by {scores['area']} area")
    intervals = scores.get("intervals") or {}
    if interval_column(scores):
        said.append(f"intervals: {intervals['samples']:,} bootstrap samples of the {intervals['images']:,} images")
    truth = scores.get("truth") or {}
    if truth.get("without_mask"):
        said.append(f"objects without a mask, which count for boxes only: {len(truth['without_mask']):,}")
    if truth.get("without_box"):
        said.append(f"objects without a box in the file, which have that of their mask: {len(truth['without_box']):,}")
    return "; ".join(said)


def instance_classes(scores: Scores) -> Table:
    """Return a table of the mask and box AP and AP50 of each class, and its true instances.

    The class with the highest mask AP comes first.
    """
    classes = _per_class(scores)
    rows = [
        [
            name,
            *(score_cell(classes[name].get(key)) for key in INSTANCE_COLUMNS),
            count_cell(classes[name].get("instances")),
        ]
        for name in _best_first(classes, "segm")
    ]
    table = Table(["class", *INSTANCE_COLUMNS.values(), "instances"], rows, bar=1)
    return with_class_intervals(table, scores, "segm")


def with_class_intervals(table: Table, scores: Scores, key: str, after: int = 1) -> Table:
    """Return a ``table`` of classes with the intervals of the score ``key`` ``after`` the column of that index.

    Without intervals it is the same table.
    """
    column = interval_column(scores)
    if not column:
        return table
    classes = (scores.get("intervals") or {}).get("classes") or {}
    at = after + 1
    rows = [[*row[:at], interval_cell((classes.get(row[0]) or {}).get(key)), *row[at:]] for row in table.rows]
    return Table([*table.header[:at], column, *table.header[at:]], rows, table.bar)


def split_sizes(statistics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of the images and the instances of each split, summed over the classes."""
    rows: list[list[str]] = []
    for split, part in statistics.items():
        found = [(entry or {}).get("instances") for entry in (part.get("classes") or {}).values()]
        measured = [value for value in found if is_measured(value)]
        rows.append([split, count_cell(part.get("images")), count_cell(sum(measured)) if measured else ABSENT])
    return Table(["split", "images", "instances"], rows)


def class_counts(statistics: Mapping[str, Mapping[str, Any]], names: list[str]) -> Table:
    """Return a table of the instances and images of each class in each split, in the order of ``names``."""
    header = ["class", *(f"{split} {unit}" for split in statistics for unit in ("instances", "images"))]
    rows = [[name] for name in names]
    for part in statistics.values():
        for row in rows:
            found = (part.get("classes") or {}).get(row[0]) or {}
            row += [count_cell(found.get("instances")), count_cell(found.get("images"))]
    return Table(header, rows)


def data_audit(data: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of the instances of each split: read, used, skipped by reason, and unaccounted for.

    ``data`` is ``{split: {"images", "counts": {"in", "used", "skipped": {reason: number}}}}``, as in ``card.json``.
    """
    counts = {split: part.get("counts") or {} for split, part in data.items()}
    reasons = sorted({reason for part in counts.values() for reason in part.get("skipped") or {}})
    rows = [
        ["images", *(count_cell(part.get("images")) for part in data.values())],
        ["instances read", *(count_cell(part.get("in")) for part in counts.values())],
        ["instances used", *(count_cell(part.get("used")) for part in counts.values())],
    ]
    rows += [
        [f"skipped: {reason}", *(count_cell((part.get("skipped") or {}).get(reason)) for part in counts.values())]
        for reason in reasons
    ]
    rows.append(["unaccounted for", *(count_cell(unaccounted(part)) for part in counts.values())])
    return Table(["", *data], rows)


def unaccounted(counts: Mapping[str, Any]) -> int | None:
    """Return how many instances read were neither used nor skipped, or None when a count is absent."""
    if not is_measured(counts.get("in")) or not is_measured(counts.get("used")):
        return None
    return counts["in"] - counts["used"] - sum((counts.get("skipped") or {}).values())


def _per_class(scores: Scores) -> dict[str, Scores]:
    """Return one record for each class.

    The baseline may hold a class's IoU alone, and a class without any score holds null.
    """
    found = scores.get("classes") or {}
    return {name: {"IoU": entry} if is_measured(entry) else entry or {} for name, entry in found.items()}


def _best_first(classes: Mapping[str, Scores], key: str) -> list[str]:
    def rank(name: str) -> float:
        value = classes[name].get(key)
        return -value if is_measured(value) else math.inf

    return sorted(classes, key=rank)
