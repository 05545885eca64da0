"""The page of a transfer: the shift of each model from source to target in one HTML file that loads nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from maskwright.evaluation.instances.tide import TIDE_ERRORS
from maskwright.reports import tables
from maskwright.reports.pictures.embedded import Picture
from maskwright.reports.rendering import render
from maskwright.reports.transfer.figures import shift_bars
from maskwright.reports.transfer.tables import (
    DIFFERENCE_CAPTION,
    ERROR_CAPTION,
    GAP_CAPTION,
    SIZES,
    SUMMARY_CAPTION,
    Numbers,
    difference_table,
    error_table,
    gap_table,
    model_table,
    per_class_table,
    sentences,
    summary_table,
)
from maskwright.reports.transfer.text import interval_note

ROLES = {"model": "measured", "bound": "bound, trained on the target", "tuned": "bound, trained further on the target"}


def render_transfer_page(numbers: Numbers, pictures: Mapping[str, Mapping[str, Sequence[Picture]]], recipe: str) -> str:
    """Return the HTML of ``numbers``, the content of ``transfer.json``, with panels and the text of the recipe.

    ``pictures[target]`` has the panels of ``source`` and of ``target``. The same input always gives the same text.
    """
    said = sentences(numbers)
    return render(
        "transfer.html.jinja",
        name=numbers["name"],
        description=numbers["description"],
        said=said,
        facts=_facts(numbers),
        targets=[_target(name, each, pictures.get(name, {})) for name, each in numbers["targets"].items()],
        intervals=interval_note(numbers),
        captions={
            "summary": SUMMARY_CAPTION,
            "error": ERROR_CAPTION,
            "difference": DIFFERENCE_CAPTION,
            "gap": GAP_CAPTION,
        },
        score=f"{numbers['score']:g}",
        protocol=numbers["protocol"],
        official=numbers["cityscapes_protocol"],
        models=_models(numbers),
        sets=_sets(numbers),
        versions=sorted(numbers["versions"].items()),
        hardware=[(key, str(value)) for key, value in numbers["hardware"].items() if value is not None],
        command=numbers["command"],
        recipe=recipe,
        present=set(),
        absent=tables.ABSENT,
    )


def _facts(numbers: Numbers) -> list[tuple[str, str]]:
    sets = numbers["sets"]
    models = [each for each in numbers["models"].values() if each["role"] == "model"]
    return [
        ("models", str(len(models))),
        *(
            (f"images of {name}" if name != "source" else "source images", f"{each['images']:,}")
            for name, each in sets.items()
        ),
    ]


def _target(name: str, target: Numbers, pictures: Mapping[str, Sequence[Picture]]) -> dict[str, Any]:
    models = target["models"]
    shifts = {model: row["shift"] for model, row in models.items() if row["shift"]}
    classes = {model: {n: row["segm"] for n, row in shift["classes"].items()} for model, shift in shifts.items()}
    sizes = {model: {n: shift["overall"][key] for key, n in SIZES.items()} for model, shift in shifts.items()}
    errors = {
        model: {kind: _plain(row["dAP"]) for kind, row in shift["errors"].items()} for model, shift in shifts.items()
    }
    return {
        "name": name,
        "rule": target["rule"],
        "left_out": list(target["left_out"].items()),
        "images": target["images"],
        "summary": summary_table(target),
        "models": [
            (model, ROLES[row["role"]], model_table(row), per_class_table(row), error_table(row))
            for model, row in models.items()
        ],
        "classes": _bars(classes, target["classes"], "shift of mask AP", f"Shift per class to {name}"),
        "sizes": _bars(sizes, list(SIZES.values()), "shift of mask AP", f"Shift by size to {name}"),
        "errors": _bars(errors, list(TIDE_ERRORS), "shift of AP50 lost", f"Shift by type of error to {name}"),
        "meanings": list(TIDE_ERRORS.items()),
        "differences": difference_table(target["differences"]) if target["differences"] else None,
        "gaps": gap_table(target["gaps"]) if target["gaps"] else None,
        "panels": [("source", pictures.get("source", ())), (name, pictures.get("target", ()))],
    }


def _bars(shifts: Mapping[str, Any], names: Sequence[str], unit: str, label: str) -> Markup | None:
    """Draw the shifts, or return None where no number has one, as with bounds alone or sizes that do not occur."""
    known = any(row.get(name, {}).get("value") is not None for row in shifts.values() for name in names)
    return Markup(shift_bars(shifts, names, unit, label)) if known else None


def _plain(value: float) -> dict[str, float | None]:
    return {"value": value, "low": None, "high": None}


def _models(numbers: Numbers) -> list[tuple[str, list[tuple[str, str]]]]:
    found = []
    for name, each in numbers["models"].items():
        made = [
            (key.replace("_", " "), _text(value)) for key, value in each["made"].items() if value not in (None, [], "")
        ]
        count = f"{each['model']}, {len(each['classes'])} classes"
        rows = [("part", ROLES[each["role"]]), ("model", count), *made, ("SHA-256 of the model file", each["sha256"])]
        found.append((name, rows))
    return found


def _sets(numbers: Numbers) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            name,
            [
                ("images", f"{each['images']:,}"),
                ("objects", f"{each['objects']:,}"),
                *((key.replace("_", " "), _text(value)) for key, value in each["made_of"].items()),
                *(("excluded", remark) for remark in each["remarks"]),
            ],
        )
        for name, each in numbers["sets"].items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
