"""Faults of categories: ids and names that cause errors here or in other tools."""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Fault
from maskwright.control_characters import COMMANDING
from maskwright.structures import BACKGROUND, normalise_name

# Unicode's categories of characters that show nothing: format, surrogate, private, unassigned.
_INVISIBLE = ("Cf", "Cs", "Co", "Cn")


def category_faults(coco: CocoFile) -> Iterator[Fault]:
    """Yield the faults of the categories of ``coco`` in file order, then a fault for gaps between their ids."""
    used = {annotation.category_id for annotation in coco.annotations}
    first_with: dict[str, int] = {}
    for category in coco.categories:
        name = normalise_name(category.name)
        if category.id == 0:
            yield _fault("category_zero", 0, category.name, "has the id 0")
        if category.id > 255:
            yield _fault("category_over_255", category.id, category.name, "has an id beyond 8 bits")
        if _has(category.name, COMMANDING):
            yield _fault("control_in_name", category.id, category.name, "has control characters in its name")
        elif category.name != name or not name or _has(name, _INVISIBLE):
            yield _fault(
                "odd_name", category.id, category.name, "has white space around its name, or invisible characters in it"
            )
        if name == BACKGROUND:
            yield _fault("background_name", category.id, category.name, "has the name of pixels without a class")
        first = first_with.setdefault(name, category.id)
        if first != category.id:
            yield _fault("duplicate_name", category.id, category.name, f"has the name of category {first}")
        if category.id not in used and coco.annotations:
            yield _fault("unused_category", category.id, category.name, "has no annotation that can be read")
    yield from _gaps(coco)


def _gaps(coco: CocoFile) -> Iterator[Fault]:
    ids = sorted(category.id for category in coco.categories)
    missing = ids[-1] - ids[0] + 1 - len(ids) if ids else 0
    if missing:
        gaps = [str(low) for low, high in pairwise(ids) if high > low + 1]
        some = f"{', '.join(gaps[:5])}{', …' if len(gaps) > 5 else ''}"
        found = f"has category ids from {ids[0]} to {ids[-1]}, of which {missing} are missing (after {some})"
        yield Fault("category_gaps", "file", None, found)


def _has(name: str, categories: tuple[str, ...]) -> bool:
    return any(unicodedata.category(each) in categories for each in name)


def _fault(code: str, identity: int, name: str, found: str) -> Fault:
    # repr shows what is invisible, and keeps a line break inside the line.
    shown = f"{name!a}" if code in ("odd_name", "control_in_name") else f"'{name}'"
    return Fault(code, "category", identity, f"({shown}) {found}")
