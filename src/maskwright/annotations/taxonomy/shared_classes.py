"""The classes in which models are compared on their source data set and on a target.

Only classes that all sides have are compared: the objects of the source and of the target, and every model. All others
are excluded, each with its reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from maskwright.annotations.taxonomy.class_remapping import PERSON, RIDER, Remapped, Taxonomy
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy
from maskwright.annotations.taxonomy.sides import Side, side_of, taxonomy_for_side
from maskwright.errors import DataError, UsageError, some_of, unknown_name
from maskwright.structures import ClassTable, Record, RiderRule, normalise_name

BY_NAME = "classes of the same name"


@dataclass(frozen=True)
class SharedClasses:
    """The target classes of ``taxonomy`` to compare (``names``), and why each of ``excluded`` is not among them.

    Remapped records have the index in ``table`` (1..) as ``category_id``.
    """

    taxonomy: Taxonomy
    names: tuple[str, ...]
    excluded: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> ClassTable:
        """The shared classes as a class table, with labels from 1."""
        return ClassTable.from_names(self.names)

    def remap_records(
        self, records: Iterable[Record], table: ClassTable, preferred: Side = "source"
    ) -> Remapped[list[Record]]:
        """Return COCO records of the classes ``table`` in the shared classes.

        Records of classes that are not shared are in ``absent``. See :func:`side_of` for ``preferred``.
        """
        taxonomy = taxonomy_for_side(self.taxonomy, side_of(self.taxonomy, table, preferred))
        chosen = {name: number for number, name in enumerate(self.names, start=1)}
        label_of = {each.index: chosen[each.name] for each in taxonomy.target_table() if each.name in chosen}
        found = taxonomy.records(records, table)
        kept, other = [], []
        for each in found.kept:
            label = label_of.get(each["category_id"])
            (kept if label else other).append(cast(Record, {**each, "category_id": label}) if label else each)
        return Remapped(kept, found.ignored, [*found.absent, *other])

    def to_json(self) -> dict[str, Any]:
        """Return ``{"taxonomy", "rider", "rule", "classes", "left_out"}``."""
        return {
            "taxonomy": self.taxonomy.name,
            "rider": self.taxonomy.rider,
            "rule": self.taxonomy.describe(),
            "classes": list(self.names),
            "left_out": dict(self.excluded),
        }


def transfer_taxonomy(
    source: ClassTable,
    target: ClassTable,
    models: Iterable[ClassTable],
    named: str | None = None,
    rider: RiderRule | None = None,
) -> Taxonomy:
    """Return the taxonomy called ``named``, or without a name the one that maps classes of the same name.

    ``models`` are the class tables of the models. ``rider`` is the rule for riders.

    Raises ``UsageError`` when the named taxonomy does not account for a class. Raises ``DataError`` when no class has
    the same name on both sides, or when the classes need a rule for riders.
    """
    if named is not None:
        taxonomy = read_taxonomy(named, rider)
        taxonomy.labels(source)
        taxonomy_for_side(taxonomy, "target").labels(target)
        return taxonomy
    known = dict.fromkeys(name for table in (source, *models) for name in table.names)
    if not set(known) & set(target.names):
        raise DataError(
            f"The source has the classes {some_of(source.names)}, the target {some_of(target.names)}; expected a class "
            "of the same name. Give a taxonomy that maps them."
        )
    classes = {name: [name] if name in known else [] for name in target.names}
    return make_taxonomy(BY_NAME, classes, absent=[name for name in known if name not in classes], rider=rider)


def shared_classes(
    taxonomy: Taxonomy,
    source: ClassTable,
    target: ClassTable,
    models: Mapping[str, ClassTable],
    wanted: Sequence[str] | None = None,
) -> SharedClasses:
    """Return the classes that ``source``, ``target`` and all ``models`` have, or of these the ``wanted`` ones.

    ``models`` are class tables by model name.

    Raises ``UsageError`` for a wanted class that some side lacks, ``DataError`` when no class is left.
    """
    sides: dict[str, tuple[ClassTable, Side]] = {"the source": (source, "source"), "the target": (target, "target")}
    sides |= {name: (table, side_of(taxonomy, table)) for name, table in models.items()}
    reached = {name: _mapped_targets(taxonomy, table, side) for name, (table, side) in sides.items()}
    shared, left_out = [], {}
    for name in taxonomy.targets:
        lacking = [side for side, names in reached.items() if name not in names]
        if lacking:
            left_out[name] = _reason(taxonomy, name, lacking)
        else:
            shared.append(name)
    if wanted is not None:
        chosen = [normalise_name(each) for each in wanted]
        for each in chosen:
            if each in left_out:
                raise UsageError(f"classes: '{each}' cannot be compared: {left_out[each]}. Remove it.")
            if each not in shared:
                raise unknown_name("class in classes", each, shared)
        left_out |= {name: "not among the classes asked for" for name in shared if name not in chosen}
        shared = chosen
    if not shared:
        raise _nothing_left(taxonomy, left_out, "Give another taxonomy")
    return SharedClasses(taxonomy, tuple(shared), left_out)


def drop_classes_without_objects(
    shared: SharedClasses, sides: Mapping[Side, tuple[Iterable[Record], ClassTable]]
) -> SharedClasses:
    """Return ``shared`` without the classes that have no object on one of the ``sides``.

    ``sides`` gives the COCO records of each side and their classes.

    Such a class has no AP on that side, so it would be missing from the mean of that side alone. A crowd region is not
    an object.

    Raises ``DataError`` when no class is left.
    """
    present = {f"the {side}": _present(shared, records, table, side) for side, (records, table) in sides.items()}
    empty = {name: [side for side, names in present.items() if name not in names] for name in shared.names}
    reasons = {
        name: f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no object of it"
        for name, lacking in empty.items()
        if lacking
    }
    names = tuple(name for name in shared.names if name not in reasons)
    if not names:
        raise _nothing_left(shared.taxonomy, reasons, "Give images with objects of these classes, with their masks")
    return replace(shared, names=names, excluded={**shared.excluded, **reasons})


def _present(shared: SharedClasses, records: Iterable[Record], table: ClassTable, side: Side) -> set[str]:
    found = shared.remap_records(records, table, side).kept
    return {shared.names[each["category_id"] - 1] for each in found if not each.get("iscrowd")}


def _nothing_left(taxonomy: Taxonomy, excluded: Mapping[str, str], remedy: str) -> DataError:
    reasons = "; ".join(f"{name}: {why}" for name, why in list(excluded.items())[:5])
    return DataError(f"{taxonomy.name}: no class is left to compare: {reasons}. {remedy}.")


def _mapped_targets(taxonomy: Taxonomy, table: ClassTable, side: Side) -> set[str]:
    """Return the target classes that the classes of ``table`` are or map to."""
    target_of = taxonomy_for_side(taxonomy, side).target_of
    names = {target_of[each] for each in table.names if each in target_of}
    # Persons on two-wheelers become riders by a rule, not by the list.
    if side == "source" and RIDER in taxonomy.shared and RIDER not in target_of.values() and PERSON in names:
        names.add(RIDER)
    return names


def _reason(taxonomy: Taxonomy, name: str, lacking: Sequence[str]) -> str:
    if name == RIDER and taxonomy.rider == "person":
        return "rider: person, riders count as persons"
    if name not in taxonomy.shared:
        return "no class of the source becomes it" + (f" (rider: {taxonomy.rider})" if name == RIDER else "")
    return f"{' and '.join(lacking)} {'lacks' if len(lacking) == 1 else 'lack'} it"
