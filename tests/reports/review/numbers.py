"""A review of one file with a suspect of two kinds, as ``suspects.json`` holds it."""

from typing import Any

SUSPECTS: list[dict[str, Any]] = [
    {
        "rank": 1, "id": "s1", "kind": "missing", "meaning": "the model sees an object that has no label",
        "evidence": 0.93, "file_name": "a </script><b>.jpg", "image_id": 1, "annotations": [], "label": None,
        "suggested": "<disc>", "score": 0.99, "figures": {"trust": 0.93, "covered": 0.0},
        "correction": "A label with the model's outline is added.",
        "changes": [{"do": "add", "image_id": 1, "category_id": 3}],
    },
    {
        "rank": 2, "id": "s2", "kind": "spurious", "meaning": "the model sees no object where a label is",
        "evidence": 0.5, "file_name": "b.jpg", "image_id": 2, "annotations": [7], "label": "square",
        "suggested": None, "score": None, "figures": {"support": 0.1}, "correction": "The label is removed.",
        "changes": [{"do": "remove", "annotation": 7}],
    },
]  # fmt: skip


def numbers(**changes: Any) -> dict[str, Any]:
    kinds = dict.fromkeys(("missing", "spurious", "wrong_class", "poor_outline", "duplicate", "merged", "split"), 0)
    return {
        "annotations": {"file": "labels.json", "sha256": "0123"},
        "images": 20,
        "labels": 60,
        "kinds": kinds | {"missing": 1, "spurious": 1},
        "remarks": ["results.json: 1 result has <no> class"],
        "command": "maskwright review labels.json results.json",
        "suspects": SUSPECTS,
    } | changes
