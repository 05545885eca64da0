"""The loader of taxonomies: shipped ones by name, others from YAML files."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from maskwright.annotations.strict_yaml import StrictLoader
from maskwright.annotations.taxonomy.class_remapping import PERSON, RIDER, RIDER_RULES, Taxonomy
from maskwright.annotations.taxonomy.riders import TWO_WHEELERS
from maskwright.errors import DataError, UsageError, nearest, one_line, require_file, unknown_name
from maskwright.structures import ClassTable, RiderRule, normalise_name

_SHIPPED = files("maskwright.annotations") / "taxonomies"


def shipped_taxonomies() -> list[str]:
    """Return the names of the taxonomies that come with Maskwright."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def read_taxonomy(source: str, rider: str | None = None) -> Taxonomy:
    """Return the shipped taxonomy called ``source``, or read the one in the YAML file ``source``.

    ``rider`` replaces the rule for riders. The file has ``classes``, which lists the source classes of each target
    class (none: ``[]``) in the target's order. Where needed it has ``ignore``, the source classes that count neither
    for nor against a prediction, ``absent``, the source classes without a counterpart, and ``rider``, one of
    ``RIDER_RULES``.

    Raises ``UsageError`` when there is no such taxonomy or rule. Raises ``DataError`` when the file is not a taxonomy
    or accounts for a class twice.
    """
    if rider is not None and rider not in RIDER_RULES:
        raise unknown_name("rule for riders", rider, RIDER_RULES)
    rule = cast("RiderRule | None", rider)
    if source in shipped_taxonomies():
        return _taxonomy(source, (_SHIPPED / f"{source}.yaml").read_text(encoding="utf-8"), rule)
    path = Path(source)
    if not path.is_file() and not path.suffix:
        close = nearest(source, shipped_taxonomies()) or shipped_taxonomies()
        raise UsageError(f"Unknown taxonomy '{source}'. Shipped: {', '.join(close)}; or give a YAML file.")
    require_file(path, "taxonomy")
    try:
        return _taxonomy(source, path.read_text(encoding="utf-8"), rule)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; expected a YAML file of classes.") from error


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """A taxonomy as it is written in the file."""

    classes: dict[str, list[str]]
    ignore: list[str] = []
    absent: list[str] = []
    rider: RiderRule | None = None


def _taxonomy(source: str, text: str, rider: RiderRule | None) -> Taxonomy:
    try:
        # A subclass of the safe loader: it builds plain values and runs no code.
        document: Any = yaml.load(text, StrictLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(f"{source}: is not valid YAML ({one_line(error)}); expected classes by name.") from error
    try:
        record = msgspec.convert(document, _Record)
        if not any(record.classes.values()):
            raise ValueError("Expected a source class for at least one target class")
    except ValueError as error:
        raise DataError(
            f"{source}: is no taxonomy ({error}); expected 'classes: {{target: [source names]}}' and, where needed, "
            f"'ignore: [names]', 'absent: [names]', 'rider: {'|'.join(RIDER_RULES)}'. Correct it, and "
            "quote names that YAML reads as another type (no, 1)."
        ) from error
    return make_taxonomy(source, record.classes, record.ignore, record.absent, rider or record.rider)


def make_taxonomy(
    name: str,
    classes: Mapping[str, Iterable[str]],
    ignored: Iterable[str] = (),
    absent: Iterable[str] = (),
    rider: RiderRule | None = None,
) -> Taxonomy:
    """Return the taxonomy in which the source classes listed under each key of ``classes`` map to that target class.

    Raises ``DataError`` when a class is accounted for twice, or when the rule for riders does not fit the classes.
    """
    lists = [(normalise_name(target), [normalise_name(each) for each in names]) for target, names in classes.items()]
    try:
        targets = ClassTable.from_names([target for target, _ in lists]).names
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    left_out = [("ignore", [normalise_name(each) for each in ignored])]
    left_out.append(("absent", [normalise_name(each) for each in absent]))
    owners: dict[str, str] = {}
    for place, names in [*lists, *left_out]:
        for each in names:
            if each in owners:
                raise DataError(
                    f"{name}: the source class '{each}' is in '{owners[each]}' and in '{place}'; expected one place "
                    "for each class. Remove it from one."
                )
            owners[each] = place
    target_of = {each: target for target, names in lists for each in names}
    (_, ignored_names), (_, absent_names) = left_out
    if rider is not None:
        _require_fitting(name, rider, targets, owners)
        if RIDER not in targets and rider == "person":
            target_of[RIDER] = PERSON
        elif RIDER not in targets:
            absent_names.append(RIDER)
    elif RIDER in targets and RIDER not in target_of.values():
        raise DataError(
            f"{name}: the target has the class '{RIDER}' and no source class becomes it; expected a rule for riders. "
            f"Add 'rider: ' and one of {', '.join(RIDER_RULES)}."
        )
    return Taxonomy(name, tuple(targets), target_of, tuple(ignored_names), tuple(absent_names), rider)


def _require_fitting(name: str, rider: RiderRule, targets: list[str], owners: Mapping[str, str]) -> None:
    """Raise ``DataError`` when the classes leave the rule for riders nothing to decide, or lack what it needs."""
    if RIDER in owners or RIDER in owners.values():
        raise DataError(
            f"{name}: 'rider: {rider}' and the class lists both say what becomes of '{RIDER}'; expected one of them. "
            "Remove the rule, or take the class out of the lists."
        )
    by_overlap = rider == "person-over-two-wheeler"
    if by_overlap and RIDER not in targets:
        raise DataError(
            f"{name}: rider: {rider} makes riders of persons, and the target has no class '{RIDER}'; expected another "
            "rule. Use absent or person."
        )
    needed = (PERSON, *TWO_WHEELERS) if by_overlap else (PERSON,)
    # The rule looks for persons, bicycles and motorcycles under exactly these names.
    missing = [each for each in needed if rider != "absent" and each not in owners.values()]
    if missing:
        raise DataError(
            f"{name}: rider: {rider} needs source classes that become {', '.join(needed)}; found none for "
            f"{', '.join(missing)}. Add them, or use rider: absent."
        )
