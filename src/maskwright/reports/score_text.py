"""The scores that `maskwright score` prints on a terminal."""

from collections.abc import Iterator
from typing import Any

from maskwright.control_characters import escape_controls
from maskwright.errors import some_of
from maskwright.reports.panoptic_tables import panoptic_classes, panoptic_summary
from maskwright.reports.run.instance_tables import error_costs
from maskwright.reports.tables import (
    Scores,
    Table,
    count_cell,
    instance_summary,
    interval_cell,
    interval_column,
    is_measured,
    score_cell,
    with_class_intervals,
)
from maskwright.reports.terminal import text_lines

_SEMANTIC = {"IoU": "IoU", "Dice": "Dice", "precision": "precision", "recall": "recall", "boundary_IoU": "boundary IoU"}
_SEMANTIC_MEANS = {
    "IoU": "mIoU",
    "Dice": "mean_dice",
    "precision": "mean_precision",
    "recall": "mean_accuracy",
    "boundary_IoU": "boundary_mIoU",
}
_INSTANCE = {
    "segm": "mask AP",
    "segm50": "AP50",
    "bbox": "box AP",
    "bbox50": "AP50",
    "precision": "precision",
    "recall": "recall",
    "F1": "F1",
    "best_IoU": "best IoU",
    "boundary_IoU": "boundary IoU",
}
# The Cityscapes AP of near objects, computed where their distances are known.
_NEAR = ("AP_100m", "AP_50m", "AP50_50m")
_WORST = 5


def baseline_line(scores: Scores) -> str | None:
    """Return a line that says that the scores of a part are no better than a prediction of nothing, or None.

    The baseline of a semantic model is an all-background prediction, that of other models one without objects.
    ``scores`` has the keys of one part of ``scores.json``.
    """
    remedy = "Look at the pictures on the page; train longer (train.epochs), or with another train.optimizer.lr."
    if "segm" in scores:
        found = is_measured(scores["segm"].get("AP")) and scores["segm"]["AP"] <= 0
        return f"no better than its baseline: a model that finds nothing scores mask AP 0. {remedy}" if found else None
    if is_measured(scores.get("PQ")) and scores["PQ"] <= 0:
        return f"no better than its baseline: a model that finds nothing scores PQ 0. {remedy}"
    value, baseline = scores.get("mIoU"), (scores.get("baseline") or {}).get("mIoU")
    if not is_measured(value) or not is_measured(baseline) or value > baseline:
        return None
    kind = "below" if value < baseline else "no better than"
    return f"{kind} its baseline: an all-background prediction scores mIoU {baseline:.4f}. {remedy}"


def semantic_lines(scores: Scores) -> Iterator[str]:
    """Yield the lines of semantic scores: a table of the classes with their means, the overall scores, the protocol.

    ``scores`` has the keys of one part of ``scores.json``.
    """
    classes = scores["classes"]
    columns = [key for key in _SEMANTIC if any(key in row for row in classes.values())]
    rows = [[name, *(score_cell(row.get(key)) for key in columns)] for name, row in classes.items()]
    rows.append(["mean", *(score_cell(scores.get(_SEMANTIC_MEANS[key])) for key in columns)])
    table = with_class_intervals(Table(["class", *(_SEMANTIC[key] for key in columns)], rows), scores, "IoU")
    if interval_column(scores):
        table.rows[-1][2] = interval_cell(scores["intervals"]["mIoU"])
    yield from text_lines(table)
    yield ""
    accuracy = score_cell(scores["pixel_accuracy"])
    yield f"mean IoU {score_cell(scores['mIoU'])}, pixel accuracy {accuracy}, {scores['images']} images"
    yield scores["protocol"]


def instance_lines(scores: Scores) -> Iterator[str]:
    """Yield the lines of instance scores.

    They are the 12 COCO numbers, a table of the classes that have objects, the details where they were measured, the
    numbers of scored and rejected records, and the protocol. ``scores`` is what ``score_instances`` computes.
    """
    yield from text_lines(instance_summary(scores))
    yield ""
    yield from text_lines(_instance_classes(scores))
    absent = [name for name, row in scores["classes"].items() if not row["instances"]]
    if absent:
        some = some_of(absent, 8)
        have = "class has" if len(absent) == 1 else "classes have"
        yield escape_controls(f"{len(absent)} {have} no object in the truth ({some})")
    yield ""
    yield from detail_lines(scores)
    yield from further_lines(scores)
    found = scores["results"]
    reasons = ", ".join(f"{row['count']} {reason}" for reason, row in found["left_out"].items()) or "none"
    rejected = found["found"] - found["used"]
    if "explanation" in scores:
        yield from _explanation_lines(scores["explanation"])
    yield f"records: {found['found']} found = {found['used']} scored + {rejected} rejected ({reasons})"
    yield scores["protocol"]


def further_lines(scores: Scores) -> Iterator[str]:
    """Yield boundary AP, AP with another limit of detections and LVIS's AP where they are, each with its protocol."""
    boundary, limited, lvis = (scores.get(key) for key in ("boundary", "max_dets", "lvis"))
    parts: list[tuple[str, Scores | None]] = [("boundary AP", {"": boundary, **boundary} if boundary else None)]
    parts += [(f"at most {limited['limit']:,} detections", limited)] if limited else []
    parts.append(("LVIS", lvis))
    for title, part in parts:
        if not part:
            continue
        for kind, name in {"": "", "segm": ", mask", "bbox": ", box"}.items():
            values = {key: value for key, value in (part.get(kind) or {}).items() if key != "protocol"}
            if values:
                yield f"{title}{name}: " + ", ".join(f"{key} {score_cell(value)}" for key, value in values.items())
        yield part["protocol"]


def panoptic_lines(scores: Scores) -> Iterator[str]:
    """Yield the lines of panoptic scores: a table of all classes, things and stuff, one of each class, the protocol.

    A class without a segment in truth and predictions is named below the tables.
    """
    yield from text_lines(panoptic_summary(scores))
    yield ""
    present = {name: row for name, row in scores["classes"].items() if is_measured(row["PQ"])}
    yield from text_lines(panoptic_classes({**scores, "classes": present}))
    absent = [name for name in scores["classes"] if name not in present]
    if absent:
        have = "class has" if len(absent) == 1 else "classes have"
        yield escape_controls(f"{len(absent)} {have} no segment in truth or predictions ({some_of(absent, 8)})")
    yield ""
    yield f"{scores['images']} images; {scores['protocol']}"


def cityscapes_lines(scores: Scores) -> Iterator[str]:
    """Yield a table of the Cityscapes AP of each class, then one of the pixel scores where they were measured."""
    if scores["classes"]:
        measures = ["AP", "AP50", *(key for key in _NEAR if key in scores)]
        rows = [
            [
                name,
                *(score_cell(row[key]) for key in measures),
                count_cell(row["objects"]),
                count_cell(row["predictions"]),
            ]
            for name, row in scores["classes"].items()
        ]
        rows.append(["average", *(score_cell(scores[key]) for key in measures), "", ""])
        table = with_class_intervals(Table(["class", *measures, "objects", "predictions"], rows), scores, "AP")
        if interval_column(scores):
            table.rows[-1][2] = interval_cell(scores["intervals"]["AP"])
        yield from text_lines(table)
        yield ""
        yield scores["protocol"]
    if "pixel" in scores:
        yield from _pixel_lines(scores["pixel"])


def _pixel_lines(pixel: Scores) -> Iterator[str]:
    weighted = pixel["class_iIoU"]
    rows = [[name, score_cell(iou), score_cell(weighted.get(name))] for name, iou in pixel["classes"].items()]
    rows.append(["mean", score_cell(pixel["mIoU"]), score_cell(pixel["mean_iIoU"])])
    mean = len(rows) - 1
    rows += [
        [f"category {name}", score_cell(iou), score_cell(pixel["category_iIoU"].get(name))]
        for name, iou in pixel["categories"].items()
    ]
    rows.append(["mean of categories", score_cell(pixel["category_mIoU"]), score_cell(pixel["category_mean_iIoU"])])
    yield ""
    table = with_class_intervals(Table(["pixels", "IoU", "iIoU"], rows), pixel, "IoU")
    if interval_column(pixel):
        table.rows[mean][2] = interval_cell(pixel["intervals"]["mIoU"])
    yield from text_lines(table)
    yield ""
    yield pixel["protocol"]


def _instance_classes(scores: Scores) -> Table:
    present = {name: row for name, row in scores["classes"].items() if row["instances"]}
    columns = [key for key in _INSTANCE if any(is_measured(row.get(key)) for row in present.values())]
    thresholds = any("best" in row for row in present.values())
    best = ["best at", "oLRP", "lowest at"] if thresholds else []
    header = ["class", "objects", *(_INSTANCE[key] for key in columns), *best]
    rows = []
    for name, row in present.items():
        cells = [name, count_cell(row["instances"]), *(score_cell(row.get(key)) for key in columns)]
        lrp = row.get("optimal_lrp") or {}
        found = [row["best"]["score"], lrp.get("oLRP"), lrp.get("score")] if thresholds else []
        rows.append([*cells, *map(score_cell, found)])
    table = Table(header, rows)
    return with_class_intervals(table, scores, columns[0], after=2) if columns else table


def detail_lines(scores: Scores) -> Iterator[str]:
    """Yield what explains the AP of instances, a line each; nothing where the details were not measured.

    The lines are precision and recall at the score threshold, IoU and Dice, optimal LRP, fragments, panoptic quality,
    TIDE's errors, the most confused classes, the calibration error, and the images with the lowest F1.
    """
    if "at_score" not in scores:
        return
    at, tide = scores["at_score"], scores["tide"]
    yield (
        f"detections with a score of at least {at['score']:g}, matched at IoU {at['iou']:g}: precision "
        f"{score_cell(at['precision'])}, recall {score_cell(at['recall'])}, F1 {score_cell(at['F1'])} ({at['right']} "
        f"correct, {at['wrong']} wrong, {at['missed']} missed)"
    )
    yield from _overlap_lines(scores)
    yield from _lrp_lines(scores)
    yield from _panoptic_lines(scores)
    costs = {
        kind: "undefined, no object is found" if c is None else score_cell(c) for kind, c in error_costs(tide).items()
    }
    errors = ", ".join(f"{kind} {row['count']} ({costs[kind]})" for kind, row in tide["errors"].items())
    yield f"TIDE errors, with the AP50 they cost: {errors}"
    pairs = ", ".join(
        f"{p['true']} as {p['predicted']} {p['count']}" for p in scores["confusion"]["most_confused"][:_WORST]
    )
    if pairs:
        yield escape_controls(f"most confused: {pairs}")
    error = (scores["calibration"] or {}).get("ECE")
    if is_measured(error):
        yield f"calibration error (ECE): {score_cell(error)}"
    worst = ", ".join(f"{row['file_name']} (F1 {score_cell(row['F1'])})" for row in scores["worst_images"][:_WORST])
    if worst:
        yield escape_controls(f"worst images: {worst}")


def _explanation_lines(explanation: Scores) -> Iterator[str]:
    """Yield a table of another tool's numbers beside ours, official and with the change, and what explains them."""
    rows = [
        [f"{kind} {name}", *(score_cell(explanation[key][kind][name]) for key in ("other", "ours", "changed"))]
        for kind, numbers in explanation["other"].items()
        for name in numbers
    ]
    yield from text_lines(Table(["score", "other tool", "here", "here, with the change"], rows))
    yield explanation["sentence"]
    yield ""


def _lrp_lines(scores: Scores) -> Iterator[str]:
    """Yield optimal LRP and the fragments of the objects that are found, each with its protocol."""
    lrp, fragments = scores.get("optimal_lrp") or {}, scores.get("fragments") or {}
    if is_measured(lrp.get("oLRP")):
        parts = ", ".join(f"{part} {score_cell(lrp[part])}" for part in ("localisation", "FP", "FN"))
        yield f"optimal LRP {score_cell(lrp['oLRP'])} ({parts})"
        yield lrp["protocol"]
    if fragments.get("objects"):
        yield (
            f"fragments of a found object {score_cell(fragments['detected'])}, in the truth "
            f"{score_cell(fragments['true'])}; more than in the truth for {score_cell(fragments['more'])} of "
            f"{count_cell(fragments['objects'])} objects"
        )
        yield fragments["protocol"]


def _panoptic_lines(scores: Scores) -> Iterator[str]:
    """Yield the panoptic quality of objects with its interval, and its protocol."""
    found = scores.get("panoptic") or {}
    if is_measured(found.get("PQ")):
        column, intervals = interval_column(scores), (scores.get("intervals") or {}).get("panoptic") or {}
        beside = f" ({column} {interval_cell(intervals.get('PQ'))})" if column else ""
        yield f"panoptic quality {score_cell(found['PQ'])}{beside}, SQ {score_cell(found['SQ'])}, RQ " + score_cell(
            found["RQ"]
        )
        yield found["protocol"]


def _overlap_lines(scores: Scores) -> Iterator[str]:
    union, overlap = scores["foreground"], scores["overlap"]
    if union["images"]:
        yield (
            f"all objects of an image together: mean IoU {score_cell(union['mean_IoU'])}, "
            f"Dice {score_cell(union['mean_Dice'])} over {union['images']} images"
        )
    parts: list[Any] = [
        f"with the best detection {score_cell(overlap['best']['mean_IoU'])} "
        f"(Dice {score_cell(overlap['best']['mean_Dice'])})",
        f"one to one {score_cell(overlap['one_to_one']['mean_IoU'])}",
    ]
    if "boundary" in overlap:
        parts.append(f"boundary {score_cell(overlap['boundary']['mean_IoU'])}")
    yield f"mean IoU of a true object: {', '.join(parts)}"
