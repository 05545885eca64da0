"""Class tables from COCO categories: classes are matched by name, because category ids differ between files."""

from collections.abc import Sequence

from maskwright.annotations.coco.file import CocoFile, category_names
from maskwright.errors import unknown_name
from maskwright.structures import ClassTable, normalise_name


def class_table(coco: CocoFile, classes: Sequence[str] | None = None) -> ClassTable:
    """Return the class table of ``classes`` in the order given, or of every category by ascending id.

    Names are compared stripped and in NFC. Categories that share a name become one class with several source ids.

    Raises ``UsageError`` with the nearest names for a class that the file does not have. Raises ``DataError`` when a
    category is called as background is.
    """
    ids: dict[str, list[int]] = {}
    for category_id, name in sorted(category_names(coco).items()):
        ids.setdefault(name, []).append(category_id)
    names = [normalise_name(name) for name in classes] if classes is not None else list(ids)
    for name in names:
        if name not in ids:
            raise unknown_name(f"class in {coco.path}", name, ids)
    return ClassTable.from_names(names, [tuple(ids[name]) for name in names])


def label_by_category(coco: CocoFile, table: ClassTable) -> dict[int, int]:
    """Return the class index (1..K) by category id of ``coco``, matched by name.

    Categories that are not in ``table`` are omitted.
    """
    by_name = {c.name: c.index for c in table}
    return {i: by_name[name] for i, name in category_names(coco).items() if name in by_name}


def absent_classes(coco: CocoFile, table: ClassTable) -> list[str]:
    """Return the class names of ``table`` that no category of ``coco`` has."""
    present = set(category_names(coco).values())
    return [name for name in table.names if name not in present]
