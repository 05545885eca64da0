"""The numbers of a comparison as tables: scores, differences between models, classes, and images that change most."""

from collections.abc import Mapping
from typing import Any

from maskwright.reports.tables import ABSENT, COCO_ROWS, Table, interval_cell, is_measured, score_cell, signed

Numbers = Mapping[str, Any]

_KINDS = {"segm": "mask", "bbox": "box"}
_SEMANTIC = {"mIoU": "mean IoU", "mean_dice": "mean Dice", "pixel_accuracy": "pixel accuracy", "IoU": "IoU"}


def measure_label(name: str) -> str:
    """Return the words for the measure ``name``, such as ``mask AP50`` for ``segm AP50``."""
    kind, _, statistic = name.partition(" ")
    return f"{_KINDS[kind]} {statistic}" if kind in _KINDS else _SEMANTIC.get(name, name)


def measure_meaning(name: str) -> str:
    """Return the words for the measure ``name`` with what it is over."""
    kind, _, statistic = name.partition(" ")
    return f"{_KINDS[kind]} {COCO_ROWS[statistic]}" if kind in _KINDS else _SEMANTIC.get(name, name)


def score_table(numbers: Numbers) -> Table:
    """Return a table of the scores of each model in all classes, with their intervals."""
    rows: dict[str, list[str]] = {}
    for model in numbers["models"]:
        for each in model["scores"]:
            if each["class"] is None:
                rows.setdefault(each["measure"], [measure_meaning(each["measure"])]).append(_with_interval(each))
    return Table(["score", *(model["name"] for model in numbers["models"])], list(rows.values()))


def difference_table(numbers: Numbers, of: str, less: str) -> Table:
    """Return a table of the differences between two models in all classes."""
    rows = [
        [
            measure_meaning(each["measure"]),
            signed(each["value"]),
            _interval(each),
            p_cell(each["p"]),
            p_cell(each["p_holm"]),
        ]
        for each in numbers["differences"]
        if each["class"] is None and (each["of"], each["less"]) == (of, less)
    ]
    return Table(["score", f"{of} less {less}", _level(numbers), "p", "p, corrected"], rows)


def class_difference_table(numbers: Numbers, of: str, less: str) -> Table:
    """Return a table of the differences of each class between two models, largest first."""
    headline = numbers["headline"]
    measure = headline if headline.endswith("AP") else "IoU"
    known = [
        each
        for each in numbers["differences"]
        if each["class"] is not None
        and each["measure"] == measure
        and (each["of"], each["less"]) == (of, less)
        and is_measured(each["value"])
    ]
    values = {
        model["name"]: {each["class"]: each["value"] for each in model["scores"] if each["measure"] == measure}
        for model in numbers["models"]
    }
    rows = [
        [
            each["class"],
            *(score_cell(values[name].get(each["class"])) for name in (less, of)),
            signed(each["value"]),
            _interval(each),
            p_cell(each["p_holm"]),
        ]
        for each in sorted(known, key=lambda each: -abs(each["value"]))
    ]
    return Table(["class", less, of, "difference", _level(numbers), "p, corrected"], rows)


def image_table(numbers: Numbers, links: Mapping[str, str] | None = None) -> Table:
    """Return a table of the images whose score differs most between the models.

    Of two models it has the second less the first, of more the largest difference. ``links`` are those of the images.
    """
    names = [model["name"] for model in numbers["models"]]
    scores = [[each["scores"][name] for name in names] for each in numbers["changed_images"]]
    two = len(names) == 2
    rows = [
        [
            each["file_name"],
            *map(score_cell, values),
            signed(values[1] - values[0]) if two and all(map(is_measured, values)) else score_cell(each["change"]),
        ]
        for each, values in zip(numbers["changed_images"], scores, strict=True)
    ]
    return Table(["image", *names, "change" if two else "largest difference"], rows, links=links or {})


def p_cell(value: Any) -> str:
    """Return a p value with three decimals, or an en dash where there is none."""
    return f"{value:.3f}" if is_measured(value) else ABSENT


def _interval(each: Numbers) -> str:
    low, high = each["low"], each["high"]
    return f"[{signed(low)}, {signed(high)}]" if is_measured(low) and is_measured(high) else ABSENT


def _with_interval(each: Numbers) -> str:
    interval = interval_cell(each)
    return score_cell(each["value"]) if interval == ABSENT else f"{score_cell(each['value'])} {interval}"


def _level(numbers: Numbers) -> str:
    return f"{100 * numbers['level']:g} % interval"
