"""The numbers of a transfer as tables: scores on source and target, classes, errors, and differences between models."""

from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.evaluation.instances.tide import TIDE_ERRORS
from maskwright.reports.tables import (
    ABSENT,
    COCO_ROWS,
    CaptionedTable,
    Table,
    count_cell,
    is_measured,
    score_cell,
    signed,
)

Numbers = Mapping[str, Any]

# What the tables hold.
SUMMARY_CAPTION = "Mask AP in the shared classes; the shift is target minus source"
ERROR_CAPTION = "TIDE errors of masks at IoU 0.5; per 100: errors per 100 objects"
DIFFERENCE_CAPTION = "Paired over the same bootstrap samples; of the shifts: above 0 the first model loses less"
GAP_CAPTION = "Score on the target of a model trained on it, minus that of another model"

_OVERALL = ("AP", "AP50", "AP75", "APs", "APm", "APl")
SIZES = {"segm_APs": "small", "segm_APm": "medium", "segm_APl": "large"}
_BOUNDARIES = {
    "boundary_IoU": "boundary IoU of found objects",
    "boundary_IoU_all": "boundary IoU of all objects, 0 if missed",
}
_COMPARED = {
    "segm_AP": "mask AP",
    "segm_AP50": "mask AP50",
    "segm_AP75": "mask AP75",
    "bbox_AP": "box AP",
    "boundary_IoU": "boundary IoU of found objects",
}


def with_interval(estimate: Numbers, form: Any = signed) -> str:
    """Return ``−0.123 [−0.150, −0.098]``, each formatted by ``form``; without an interval the value alone."""
    text = form(estimate["value"])
    if not is_measured(estimate["value"]) or not is_measured(estimate["low"]):
        return text
    return f"{text} [{form(estimate['low'])}, {form(estimate['high'])}]"


def summary_table(target: Numbers) -> Table:
    """Return a table of each model's mask AP and boundary IoU on source and target, and its shift.

    The official Cityscapes AP has columns where it was computed.
    """
    official = any(row["cityscapes"] for row in target["models"].values())
    rows = []
    for name, row in target["models"].items():
        source, there = (row["source"] or {}).get("overall"), row["target"]["overall"]
        cells = [_named(name, row["role"]), _value(source, "segm_AP"), score_cell(there["segm_AP"]["value"])]
        cells.append(with_interval(row["shift"]["overall"]["segm_AP"]) if row["shift"] else ABSENT)
        cells += [_value(source, "boundary_IoU"), score_cell(there["boundary_IoU"]["value"])]
        if official:
            own = (row["cityscapes"] or {}).get("overall")
            cells += [_value(own, "AP"), _value(own, "AP50"), _value(own, "shared_AP")]
        rows.append(cells)
    header = ["model", "mask AP source", "mask AP target", "shift", "boundary IoU source", "boundary IoU target"]
    return Table(header + (["official AP", "official AP50", "official AP, shared"] if official else []), rows)


def model_table(row: Numbers) -> Table:
    """Return a table of one model's COCO scores for masks and boxes on source and target, and their shift."""
    kinds = {"segm": "mask", "bbox": "box"}
    labels = {f"{kind}_{name}": f"{title} {COCO_ROWS[name]}" for kind, title in kinds.items() for name in _OVERALL}
    rows = [[label, *_triple(row, key)] for key, label in {**labels, **_BOUNDARIES}.items()]
    return Table(["score", "source", "target", "shift"], rows)


def per_class_table(row: Numbers) -> Table:
    """Return a table of one model's mask AP and AP50 of each shared class on source and target.

    The official ones have columns where they were computed.
    """
    official = (row["cityscapes"] or {}).get("classes") or {}
    target, source, shift = (_classes(row[key]) for key in ("target", "source", "shift"))
    names = list(dict.fromkeys([*target, *official]))
    rows = []
    for name in names:
        mine, before, lost = target.get(name), source.get(name), shift.get(name)
        cells = [name, _objects(row["source"], name), _objects(row["target"], name)]
        cells += [_value(before, "segm"), _value(mine, "segm")]
        cells.append(with_interval(lost["segm"]) if lost else ABSENT)
        cells += [_value(before, "segm50"), _value(mine, "segm50")]
        if official:
            cells += [_value(official.get(name), "AP"), _value(official.get(name), "AP50")]
        rows.append(cells)
    header = [
        "class",
        "objects source",
        "objects target",
        "AP source",
        "AP target",
        "shift",
        "AP50 source",
        "AP50 target",
    ]
    return Table(header + (["official AP", "official AP50"] if official else []), rows)


def error_table(row: Numbers) -> Table:
    """Return a table of one model's TIDE errors: the AP50 each type costs and its frequency, on source and target."""
    rows = []
    for kind in TIDE_ERRORS:
        before, after = ((row[key] or {}).get("errors", {}).get(kind) for key in ("source", "target"))
        cells = [kind]
        for key, form in (("dAP", score_cell), ("per_100_objects", _tenths)):
            cells += [form((each or {}).get(key)) for each in (before, after)]
            cells.append(_less(before, after, key))
        rows.append(cells)
    columns = [f"{what} {place}" for what in ("AP50 lost", "per 100") for place in ("source", "target", "shift")]
    return Table(["error", *columns], rows)


def difference_table(differences: Sequence[Numbers]) -> Table:
    """Return a table of paired differences between models: on the source, on the target, and of their shifts.

    Both models are scored on the same bootstrap samples of the images.
    """
    rows = []
    for each in differences:
        for key, label in _COMPARED.items():
            cells = [with_interval(each[place]["overall"][key]) for place in ("source", "target", "shift")]
            rows.append([f"{each['of']} minus {each['less']}: {label}", *cells])
        if "cityscapes" in each:
            official = with_interval(each["cityscapes"]["overall"]["AP"])
            rows.append([f"{each['of']} minus {each['less']}: official AP", ABSENT, official, ABSENT])
    return Table(["difference", "source", "target", "of the shifts"], rows)


def gap_table(gaps: Sequence[Numbers]) -> Table:
    """Return a table of how much higher each bound, a model trained on the target, scores there than each model."""
    rows = [
        [f"{each['of']} minus {each['less']}", *(with_interval(each["target"]["overall"][key]) for key in _COMPARED)]
        for each in gaps
    ]
    return Table(["bound", *_COMPARED.values()], rows)


def transfer_tables(numbers: Numbers) -> list[CaptionedTable]:
    """Return the tables of the page for each target, with their titles and meanings."""
    protocol = f"{numbers['protocol']}."
    found = []
    for name, target in numbers["targets"].items():
        sides = f"source and {name}"
        found.append(CaptionedTable(f"Models, {sides}", f"{SUMMARY_CAPTION}. {protocol}", summary_table(target)))
        for model, row in target["models"].items():
            found += [
                CaptionedTable(f"{model}, {sides}", f"All classes together. {protocol}", model_table(row)),
                CaptionedTable(f"{model} by class, {sides}", f"Mask AP. {protocol}", per_class_table(row)),
                CaptionedTable(f"{model} by error, {sides}", f"{ERROR_CAPTION}.", error_table(row)),
            ]
        if target["differences"]:
            table = difference_table(target["differences"])
            found.append(CaptionedTable(f"Differences, {sides}", f"{DIFFERENCE_CAPTION}.", table))
        if target["gaps"]:
            found.append(CaptionedTable(f"Gaps, {name}", f"{GAP_CAPTION}.", gap_table(target["gaps"])))
    return found


def sentences(numbers: Numbers) -> list[str]:
    """Return the mask AP of each model on source and targets, and which differences are significant, as sentences."""
    said = []
    for name, target in numbers["targets"].items():
        for model, row in target["models"].items():
            if row["shift"]:
                before, after = (row[key]["overall"]["segm_AP"]["value"] for key in ("source", "target"))
                shift = with_interval(row["shift"]["overall"]["segm_AP"])
                said.append(
                    f"{model}: mask AP {score_cell(before)} on the source, {score_cell(after)} on {name}, {shift}."
                )
        said += [sentence for each in target["differences"] if (sentence := _difference_sentence(name, each))]
    return said


def _difference_sentence(target: str, difference: Numbers) -> str:
    estimate = difference["shift"]["overall"]["segm_AP"]
    low, high = estimate["low"], estimate["high"]
    if not is_measured(low) or not is_measured(high):
        return ""
    one, other = difference["of"], difference["less"]
    if low > 0 or high < 0:
        less, more = (one, other) if low > 0 else (other, one)
        lost = score_cell(abs(estimate["value"]))
        return f"From the source to {target}, {less} loses {lost} less mask AP than {more}."
    return f"From the source to {target}, the losses of {one} and {other} do not differ significantly in mask AP."


def _named(name: str, role: str) -> str:
    return name + {"model": "", "bound": " (bound)", "tuned": " (trained further, bound)"}[role]


def _value(row: Numbers | None, key: str) -> str:
    return score_cell(row[key]["value"]) if row and key in row else ABSENT


def _triple(row: Numbers, key: str) -> list[str]:
    source, shift = row["source"], row["shift"]
    return [
        _value((source or {}).get("overall"), key),
        _value(row["target"]["overall"], key),
        with_interval(shift["overall"][key]) if shift else ABSENT,
    ]


def _classes(measures: Numbers | None) -> Numbers:
    return measures["classes"] if measures else {}


def _objects(measures: Numbers | None, name: str) -> str:
    return count_cell((measures or {}).get("objects", {}).get(name))


def _less(before: Numbers | None, after: Numbers | None, key: str) -> str:
    if before is None or after is None:
        return ABSENT
    difference = after[key] - before[key]
    return signed(difference) if key == "dAP" else f"{difference:+.1f}".replace("-", "−")


def _tenths(value: Any) -> str:
    return f"{value:.1f}" if is_measured(value) else ABSENT
