"""Faults found in data: named, counted, with the ids they were found at."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

REMEDIES = {
    "bad_annotation": "correct the record's fields; COCO needs integer id, image_id and category_id",
    "bad_image": "correct the record's fields; COCO needs integer id, height and width, and a file_name",
    "bad_category": "correct the record's fields; COCO needs an integer id and a name",
    "duplicate_id": "give each record an id of its own",
    "unknown_image": "add the image's record or remove the annotation",
    "unknown_category": "add the category or correct category_id",
    "empty_segmentation": "draw the object again or remove the annotation",
    "no_pixels": "nothing to do if the object is that small, else draw it again",
    "unreadable_segmentation": "write the segmentation as polygons of finite numbers or as an RLE",
    "bad_polygon": "give each polygon at least three points, as x, y pairs",
    "rle_size": "write the RLE's size as [height, width] of its image",
    "rle_counts": "encode the mask again; run lengths must add up to height × width",
    "missing_image": "put the image file into the images folder or remove its record",
    "unreadable_image": "replace the file by a readable image",
    "image_size": "correct width and height in the JSON, or use the image file the annotations were drawn on",
    "dropped_parts": "give each polygon of the object at least three points, as x, y pairs",
}


# Objects with these faults are still used: what can be drawn of them is drawn, and evaluation counts them.
STILL_USED = frozenset({"dropped_parts", "no_pixels"})


@dataclass(frozen=True)
class Fault:
    """One record that was left out (or, for the codes in ``STILL_USED``, used as far as it goes), and why.

    ``kind`` is ``annotation``, ``image`` or ``category``; ``record`` its id as the file gives it.
    """

    code: str
    kind: str
    record: Any
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.record} {self.message}"


@dataclass
class Audit:
    """Where every annotation of a file went: ``found == used + sum(skipped)``.

    ``skipped`` counts annotations by reason: fault codes, and choices such as ``other_class`` or ``image_not_chosen``.
    """

    source: str
    found: int = 0
    used: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count ``count`` annotations left out for ``reason``."""
        if count:
            self.skipped[reason] += count

    def fault(self, fault: Fault) -> None:
        """Count and keep an annotation left out because of ``fault``."""
        self.skip(fault.code)
        self.faults.append(fault)

    def add(self, other: "Audit") -> None:
        """Take over the counts and faults of a part of the same file."""
        self.found += other.found
        self.used += other.used
        self.skipped.update(other.skipped)
        self.faults += other.faults

    @property
    def adds_up(self) -> bool:
        """Whether every annotation of the file is accounted for."""
        return self.found == self.used + sum(self.skipped.values())

    def to_json(self) -> dict[str, Any]:
        """``{"in", "used", "skipped": {reason: n}, "faults": [{code, kind, id, message, remedy}]}``."""
        return {
            "in": self.found,
            "used": self.used,
            "skipped": dict(sorted(self.skipped.items())),
            "faults": [
                {"code": f.code, "kind": f.kind, "id": f.record, "message": str(f), "remedy": REMEDIES[f.code]}
                for f in self.faults
            ],
        }

    def lines(self, limit: int = 10) -> list[str]:
        """One line per fault for a terminal, at most ``limit`` of each code, with the remedy once per code."""
        lines = []
        for code, faults in _by_code(self.faults).items():
            if code in STILL_USED:
                some = ", ".join(str(fault.record) for fault in faults[:limit])
                more = ", …" if len(faults) > limit else ""
                lines.append(f"{self.source}: {len(faults)} used with {code} (annotations {some}{more}).")
                continue
            lines += [f"{self.source}: {fault}; skipped." for fault in faults[:limit]]
            if len(faults) > limit:
                lines.append(f"{self.source}: … and {len(faults) - limit} more of {code}.")
            lines.append(f"  remedy: {REMEDIES[code]}.")
        return lines


def _by_code(faults: Iterable[Fault]) -> dict[str, list[Fault]]:
    grouped: dict[str, list[Fault]] = {}
    for fault in faults:
        grouped.setdefault(fault.code, []).append(fault)
    return grouped
