"""Groups of classes with priority weights.

Many classes are drawn as few groups. The weights decide which group gets a pixel that several objects share.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from maskwright.annotations.coco.categories import category_names
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.strict_yaml import StrictLoader
from maskwright.errors import DataError, UsageError, nearest, one_line, require_file
from maskwright.structures import ClassTable, normalise_name

_SHIPPED = files("maskwright.annotations") / "groupings"
_STUFF = "stuff"


@dataclass(frozen=True)
class Group:
    """A group of classes: its name, its weight, and the names of its classes."""

    name: str
    weight: float
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Grouping:
    """The groups of a file, in the order of their labels 1..G.

    A class is in one group at most. ``source`` is the YAML file or the name of a shipped grouping. ``stuff`` names the
    groups that are no things: what cannot be counted, such as sky, which panoptic segmentation has as one segment.
    """

    source: str
    groups: tuple[Group, ...]
    stuff: frozenset[str] = frozenset()

    @property
    def weights(self) -> list[float]:
        """The weight of each group, in the order of the labels."""
        return [group.weight for group in self.groups]

    @property
    def classes(self) -> list[str]:
        """The names of all classes that are in a group."""
        return [name for group in self.groups for name in group.classes]

    def table_and_labels(self, coco: CocoFile, without: Collection[int] = ()) -> tuple[ClassTable, dict[int, int]]:
        """Return the groups as a class table, and the group label (1..G) by category id of ``coco``.

        Categories without a group, and those whose id is in ``without``, are in neither. Groups without a category stay
        in the table, so labels are the same for all files.
        """
        label_by_name = {name: label for label, group in enumerate(self.groups, start=1) for name in group.classes}
        labels = {
            category_id: label_by_name[name]
            for category_id, name in category_names(coco).items()
            if name in label_by_name and category_id not in without
        }
        ids = [
            tuple(sorted(i for i, found in labels.items() if found == label))
            for label in range(1, len(self.groups) + 1)
        ]
        return ClassTable.from_names([group.name for group in self.groups], ids), labels

    def class_weights(self, table: ClassTable) -> list[float]:
        """Return the weight of each class of ``table``: that of its group, or 0 for a class without a group."""
        weight = {name: group.weight for group in self.groups for name in group.classes}
        return [weight.get(name, 0.0) for name in table.names]


def shipped_groupings() -> list[str]:
    """Return the names of the groupings that come with Maskwright."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def read_grouping(source: str) -> Grouping:
    """Return the shipped grouping called ``source``, or read the one in the YAML file ``source``.

    The file maps each group's name to ``{weight: number, classes: [names]}``; the weight is 1 by default. Groups get
    the labels 1, 2, … in file order. A list under ``stuff`` names the groups that are no things.

    Raises ``UsageError`` when there is no such grouping or file. Raises ``DataError`` when the file is not UTF-8, is
    not valid YAML, does not fit this form, has a class in two groups, or calls stuff what is no group.
    """
    if source in shipped_groupings():
        return _grouping(source, (_SHIPPED / f"{source}.yaml").read_text(encoding="utf-8"))
    path = Path(source)
    if not path.is_file() and not path.suffix:
        close = nearest(source, shipped_groupings()) or shipped_groupings()
        raise UsageError(f"Unknown grouping '{source}'. Shipped: {', '.join(close)}; or give a YAML file.")
    require_file(path, "groups")
    try:
        return _grouping(source, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; expected a YAML file of groups.") from error


def _grouping(source: str, text: str) -> Grouping:
    try:
        # A subclass of the safe loader: it builds plain values and runs no code.
        document = yaml.load(text, StrictLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(f"{source}: is not valid YAML ({one_line(error)}); expected groups by name.") from error
    listed = document.get(_STUFF) if isinstance(document, Mapping) else None
    stuff = listed if isinstance(listed, list) else []
    named = {k: v for k, v in document.items() if v is not stuff} if isinstance(document, Mapping) else {}
    if not named:
        raise DataError(f"{source}: holds no groups; expected 'name: {{weight: 2.0, classes: [a, b]}}' for each.")
    groups = tuple(_group(source, name, value) for name, value in named.items())
    owners: dict[str, str] = {}
    for group in groups:
        for name in group.classes:
            if name in owners:
                raise DataError(
                    f"{source}: the class '{name}' is in '{owners[name]}' and in '{group.name}'; expected one group "
                    "for each class. Remove it from one."
                )
            owners[name] = group.name
    return Grouping(source, groups, _stuff(source, stuff, [group.name for group in groups]))


def _stuff(source: str, listed: list[Any], groups: list[str]) -> frozenset[str]:
    """Return the names of the groups that are no things."""
    stuff = [normalise_name(str(name)) for name in listed]
    for name in stuff:
        if name not in groups:
            close = nearest(name, groups) or groups
            raise DataError(
                f"{source}: calls '{name}' stuff, which is no group; expected names of its groups, such as {close[0]}. "
                "Correct the list under stuff."
            )
    return frozenset(stuff)


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """A group as it is written in the file."""

    classes: Annotated[list[str], msgspec.Meta(min_length=1)]
    weight: float = 1.0


def _group(source: str, name: Any, value: Any) -> Group:
    try:
        name, record = msgspec.convert(name, str), msgspec.convert(value, _Record)
        if not math.isfinite(record.weight):
            raise ValueError(f"Expected a finite weight, got {record.weight}")
    except ValueError as error:
        raise DataError(
            f"{source}: the group {name!r} does not fit ({error}); expected {{weight: 2.0, classes: [names]}}. "
            "Correct it; quote names that YAML reads as another type (no, 1)."
        ) from error
    return Group(normalise_name(name), record.weight, tuple(normalise_name(each) for each in record.classes))
