"""Tables that explain the AP of an instance model, each with a sentence on its numbers."""

from typing import Any

from maskwright.reports.tables import CaptionedTable, Scores, Table, count_cell, is_measured, score_cell

_CLASS_COLUMNS = {"best_Dice": "Dice", "best_IoU": "greedy IoU", "precision": "precision", "recall": "recall"}

_LRP_COLUMNS = {"oLRP": "oLRP", "localisation": "place", "FP": "wrong", "FN": "missed", "score": "threshold"}


def instance_tables(scores: Scores) -> list[CaptionedTable]:
    """Return the tables that ``scores`` has numbers for."""
    found = (_limited(scores), _beyond(scores), _classes(scores), _optimal_lrp(scores), _errors(scores))
    return [each for each in found if each is not None and each.table.rows]


def _limited(scores: Scores) -> CaptionedTable | None:
    """Return the table of the scores with another limit of detections than COCO's."""
    limited = scores.get("max_dets") or {}
    kinds = {kind: limited[kind] for kind in ("segm", "bbox") if limited.get(kind)}
    if not kinds:
        return None
    names = next(iter(kinds.values()))
    rows = [[name, *(score_cell(values.get(name)) for values in kinds.values())] for name in names]
    header = ["score", *({"segm": "mask", "bbox": "box"}[kind] for kind in kinds)]
    meaning = f"{limited['protocol']}."
    return CaptionedTable(f"At most {limited['limit']:,} detections", meaning, Table(header, rows))


def _beyond(scores: Scores) -> CaptionedTable | None:
    at, union, overlap = (scores.get(key) or {} for key in ("at_score", "foreground", "overlap"))
    if not at:
        return None
    best, paired = overlap.get("best") or {}, overlap.get("one_to_one") or {}
    rows = [
        ["foreground IoU: all objects of an image together, mean over images", score_cell(union.get("mean_IoU"))],
        ["foreground Dice: likewise, mean over images", score_cell(union.get("mean_Dice"))],
        ["greedy IoU: of a true object with its best detection, mean over objects", score_cell(best.get("mean_IoU"))],
        ["greedy Dice: likewise, mean over objects", score_cell(best.get("mean_Dice"))],
        ["one-to-one IoU: each detection serves one object", score_cell(paired.get("mean_IoU"))],
        ["precision: share of correct detections", score_cell(at.get("precision"))],
        ["recall: share of objects found", score_cell(at.get("recall"))],
        ["F1, the harmonic mean of the two", score_cell(at.get("F1"))],
    ]
    meaning = (
        f"For detections with a score of at least {at['score']:g}. A detection is correct when it matches an object of "
        f"its class at an IoU of at least {at['iou']:g}: {count_cell(at['right'])} correct, {count_cell(at['wrong'])} "
        f"wrong, {count_cell(at['missed'])} objects missed. An object without an overlapping detection of its class "
        "counts 0."
    )
    return CaptionedTable("Beyond AP", meaning, Table(["score", "value"], rows, bar=1))


def _classes(scores: Scores) -> CaptionedTable | None:
    at, classes = scores.get("at_score") or {}, scores.get("classes") or {}
    measured = {name: row for name, row in classes.items() if row and row.get("instances") and "best" in row}
    if not at or not measured:
        return None
    rows = [
        [
            name,
            *(score_cell(row.get(key)) for key in _CLASS_COLUMNS),
            *(score_cell((row["best"] or {}).get(key)) for key in ("score", "F1")),
        ]
        for name, row in sorted(measured.items(), key=lambda item: -_rank(item[1].get("F1")))
    ]
    meaning = (
        "Dice and greedy IoU are means over the true objects of the class, each with its best detection. Precision and "
        f"recall are those of detections with a score of at least {at['score']:g}. The last columns are the score "
        "threshold with the highest F1 of the class, and that F1. Highest F1 first."
    )
    header = ["class", *_CLASS_COLUMNS.values(), "best threshold", "F1 there"]
    return CaptionedTable("Per class at a threshold", meaning, Table(header, rows, bar=1))


def _optimal_lrp(scores: Scores) -> CaptionedTable | None:
    """Return the table of optimal LRP and of fragments by class, the class with the lowest LRP first."""
    lrp, classes = scores.get("optimal_lrp") or {}, scores.get("classes") or {}
    measured = {
        name: row["optimal_lrp"] | {"fragments": row.get("fragments") or {}}
        for name, row in classes.items()
        if row and is_measured((row.get("optimal_lrp") or {}).get("oLRP"))
    }
    if not measured:
        return None
    rows = [
        [
            name,
            *(score_cell(row.get(key)) for key in _LRP_COLUMNS),
            *(score_cell(row["fragments"].get(key)) for key in ("detected", "true")),
        ]
        for name, row in sorted(measured.items(), key=lambda item: item[1]["oLRP"])
    ]
    meaning = (
        f"Optimal LRP over all classes: {score_cell(lrp.get('oLRP'))}. One number of place (mean of 1 − IoU of the "
        "matches), wrong detections and missed objects, each at the score threshold of the class where it is lowest. "
        f"{lrp['protocol']}."
    )
    if scores.get("fragments"):
        meaning += f" The last columns are means over found objects; {scores['fragments']['protocol']}."
    header = ["class", *_LRP_COLUMNS.values(), "fragments", "in the truth"]
    return CaptionedTable("Optimal LRP and its thresholds", meaning, Table(header, rows, bar=1))


def _errors(scores: Scores) -> CaptionedTable | None:
    tide = scores.get("tide") or {}
    if not is_measured(tide.get("AP")):
        return None
    costs = error_costs(tide)
    rows = [
        [f"{row['meaning']} ({kind})", score_cell(costs[kind]), count_cell(row["count"])]
        for kind, row in tide["errors"].items()
    ]
    meaning = (
        f"The errors among all detections by type (TIDE), and how much AP{round(100 * tide['iou'])}, now "
        f"{score_cell(tide['AP'])}, would gain if all of a type were fixed. The gains overlap and do not add up. "
        "Unlike COCO, TIDE counts a class with detections and no object as AP 0."
    )
    if None in costs.values():
        meaning += " The cost of misses is undefined while no object is found."
    return CaptionedTable("Errors and what they cost", meaning, Table(["error", "AP50 it costs", "count"], rows, bar=1))


def error_costs(tide: Scores) -> dict[str, float | None]:
    """Return the AP that each of TIDE's errors costs; None for missed objects while no object is found.

    TIDE repairs a miss by no longer counting the object. With no object found AP stays 0 by that, whatever the misses
    cost. Source: D. Bolya, S. Foley, J. Hays, J. Hoffman, "TIDE: A General Toolbox for Identifying Object Detection
    Errors", ECCV 2020.
    """
    undefined = {"Miss"} if tide["AP"] == 0 else set()
    return {kind: None if kind in undefined and row["count"] else row["dAP"] for kind, row in tide["errors"].items()}


def _rank(value: Any) -> float:
    return value if is_measured(value) else -1.0
