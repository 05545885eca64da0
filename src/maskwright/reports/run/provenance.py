"""The provenance of a run as labelled text: model, weights, seed, hardware, times, data files and versions."""

from collections.abc import Mapping
from typing import Any

from maskwright.reports.tables import ABSENT, count_cell, is_measured
from maskwright.run_folder import Card
from maskwright.structures import ClassTable

Labelled = list[tuple[str, str]]


def settings(card: Card) -> Labelled:
    """Return model, starting weights, seed, hardware and times of a run; an en dash where the card lacks a value."""
    model = card.get("model") or {}
    return [
        ("model", f"{model.get('name', ABSENT)}, {count_cell(model.get('parameters'))} parameters"),
        ("starting weights", _weights(card)),
        *_licences(card),
        ("seed", str(card.get("seed", ABSENT))),
        ("hardware", _hardware(card.get("hardware") or {})),
        *((f"time: {stage}", duration(seconds)) for stage, seconds in (card.get("seconds") or {}).items()),
    ]


def package_versions(card: Card) -> Labelled:
    """Return the package names and versions, by name."""
    return sorted((name, str(version)) for name, version in (card.get("versions") or {}).items())


def data_files(card: Card) -> list[tuple[str, str, str]]:
    """Return ``(split, annotation file, its SHA-256)`` for each split."""
    return [
        (split, str(part.get("annotations") or ABSENT), str(part.get("sha256") or ABSENT))
        for split, part in (card.get("data") or {}).items()
    ]


def origin(scores: Mapping[str, Any]) -> Labelled:
    """Return the data and the taxonomies of a split's scores, as far as they are not those of the recipe."""
    data, labelled = scores.get("data") or {}, []
    if data:
        labelled.append(("data", f"{data.get('annotations', ABSENT)}, {count_cell(data.get('images'))} images"))
    for by in scores.get("taxonomies") or ():
        labelled.append(("taxonomy", str(by.get("name", ABSENT))))
        labelled.append(("rule for riders", str(by.get("rider") or "none")))
        labelled.append(("what is compared", "; ".join(by.get("lines") or [ABSENT])))
    return labelled


def other_classes(scores: Mapping[str, Any]) -> ClassTable:
    """Return the classes of a split's scores where they are not the run's; else an empty table."""
    return ClassTable.from_json(scores.get("class_table") or ())


def duration(seconds: Any) -> str:
    """Return ``seconds`` as ``2 h 05 min``, ``3 min 20 s`` or ``4.2 s``; an en dash where it is no number.

    Whole numbers below 60 are ``4 s``.
    """
    if not is_measured(seconds):
        return ABSENT
    if seconds < 60 and isinstance(seconds, int):
        return f"{seconds} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _weights(card: Card) -> str:
    weights = card.get("weights")
    if not weights:
        return "none recorded" if "weights" not in card else "random (no pretrained weights)"
    counts = ", ".join(f"{count_cell(weights.get(key))} {key}" for key in ("loaded", "skipped", "reshaped"))
    return f"{weights.get('source', ABSENT)} (tensors: {counts})"


def _licences(card: Card) -> Labelled:
    """Return the licence of each material of the model but its code, for which the versions are enough."""
    return [
        (
            f"licence of the {each.get('part', ABSENT)}",
            f"{each.get('name', ABSENT)}: {each.get('licence') or 'not stated'}"
            + (f" ({each['terms']})" if each.get("terms") in ("non-commercial", "special") else ""),
        )
        for each in card.get("licences") or ()
        if each.get("part") != "code"
    ]


def _hardware(hardware: dict[str, Any]) -> str:
    parts = [hardware.get("device"), hardware.get("processor")]
    if is_measured(hardware.get("cores")):
        parts.append(f"{hardware['cores']} cores")
    if is_measured(hardware.get("memory_gib")):
        parts.append(f"{hardware['memory_gib']:.0f} GiB memory")
    return ", ".join(str(part) for part in parts if part) or ABSENT
