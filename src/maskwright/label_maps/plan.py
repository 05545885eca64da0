"""The plan of a mask job: classes, labels and weights that its options give for one COCO file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file import CocoFile, category_names
from maskwright.annotations.groups import Grouping, shipped_groupings
from maskwright.errors import DataError, nearest, some_of, unknown_name
from maskwright.label_maps.drawing import IGNORED, Drawing
from maskwright.label_maps.options import MaskOptions
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.structures import ClassTable, normalise_name

_MOST_SLIPS = 3


@dataclass(frozen=True)
class MaskPlan:
    """The options of a mask job applied to one file.

    ``labels`` are by category id of the file, ``IGNORED`` for ignored classes. ``remarks`` name the classes that the
    groups do not account for.
    """

    options: MaskOptions
    labels: dict[int, int]
    drawing: Drawing
    remarks: list[str]

    @property
    def table(self) -> ClassTable:
        """The classes of the label maps."""
        return self.drawing.table

    def settings(self) -> dict[str, Any]:
        """Return everything that determines the pixels and the counts, in types that JSON has; equal for equal jobs."""
        return {
            "mode": self.options.mode,
            "classes": self.table.to_json(),
            "ignored classes": sorted(i for i, label in self.labels.items() if label == IGNORED),
            "overlap": self.drawing.overlap,
            "weights": list(self.drawing.weights),
            "crowd": self.options.crowd,
            "palette": self.options.palette,
            "only with objects": self.options.only_with_objects,
            "audit": self.options.audit,
        }


def mask_plan(coco: CocoFile, options: MaskOptions) -> MaskPlan:
    """Return the plan to draw ``coco`` by ``options``.

    Raises ``UsageError`` with the nearest names for a class that the file does not have, ``DataError`` when the file
    has none of the groups' classes.
    """
    names = category_names(coco)
    ignored = _ids_of(options.ignore_classes, names, coco)
    if options.mode == "grouped" and options.grouping is not None:
        table, labels = options.grouping.table_and_labels(coco, ignored)
    else:
        table = class_table(coco, options.classes if options.classes is not None else _without(ignored, names))
        labels = label_by_category(coco, table)
    weights = _weights(options, table)
    if options.mode == "binary":
        table = ClassTable.from_names(["foreground"], [tuple(sorted(labels))])
        labels, weights = dict.fromkeys(labels, 1), []
    labels |= dict.fromkeys(ignored, IGNORED)
    remarks = _remarks(coco, options.grouping, set(labels), options.mode) if options.grouping else []
    return MaskPlan(options, labels, _drawing(options, table, weights), remarks)


def _ids_of(chosen: Iterable[str], names: dict[int, str], coco: CocoFile) -> list[int]:
    wanted = {normalise_name(name) for name in chosen}
    unknown = sorted(wanted - set(names.values()))
    if unknown:
        raise unknown_name(f"class in {coco.path}", unknown[0], names.values())
    return sorted(category_id for category_id, name in names.items() if name in wanted)


def _without(ignored: list[int], names: dict[int, str]) -> list[str] | None:
    """Return the names of the other classes by id; None, for all classes, when none is ignored."""
    return list(dict.fromkeys(name for i, name in sorted(names.items()) if i not in ignored)) if ignored else None


def _weights(options: MaskOptions, table: ClassTable) -> list[float]:
    grouping = options.grouping
    if grouping is None and not options.priorities:
        return []
    if grouping is None:
        weights = [0.0] * len(table)
    else:
        weights = grouping.weights if options.mode == "grouped" else grouping.class_weights(table)
    for name, weight in options.priorities.items():
        weights[table.index_of(name) - 1] = weight
    return weights


def _drawing(options: MaskOptions, table: ClassTable, weights: list[float]) -> Drawing:
    # In binary masks all objects have one label, so weights decide nothing.
    known = [rule for rule in OVERLAP_RULES if rule != "priority" or weights]
    return Drawing(
        table=table,
        overlap=options.rule if options.rule in known else "last",
        crowd=options.crowd,
        by_instance=options.mode == "instance",
        palette=options.palette,
        weights=tuple(weights),
        audit_rules=tuple(known) if options.audit else (),
    )


def _remarks(coco: CocoFile, grouping: Grouping, drawn: set[int], mode: str) -> list[str]:
    """Return remarks on classes in no group, and on names in groups that are no class of the file.

    A shipped grouping may name more classes than the file has; they are not remarked on.
    """
    names = category_names(coco)
    present, grouped, remarks = set(names.values()), set(grouping.classes), []
    if not present & grouped:
        raise DataError(
            f"{grouping.source}: none of its classes is in {coco.path}, which has {some_of(sorted(present), 5)}; "
            "expected names as in the file. Write groups of its classes."
        )
    absent = [] if grouping.source in shipped_groupings() else [n for n in grouping.classes if n not in present]
    if absent:
        remarks.append(f"{grouping.source}: names that are no class of {coco.path}: {_questioned(absent, present)}.")
    rest = sorted((present if mode == "grouped" else {names[i] for i in drawn}) - grouped)
    if rest:
        fate = "become background" if mode == "grouped" else "have the weight 0"
        remarks.append(f"{grouping.source}: classes in no group {fate}: {some_of(rest, 12)}.")
    return remarks


def _questioned(absent: list[str], present: set[str]) -> str:
    """Return the absent names; when they are few, each comes with the nearest existing names."""
    if len(absent) > _MOST_SLIPS:
        return some_of(absent, 12)
    return ", ".join(f"{name} (nearest: {', '.join(nearest(name, present)) or 'none'})" for name in absent)
