"""The classes of panoptic scores: which are things, which stuff, and how truth and predictions number them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.annotations.coco.panoptic_file import PanopticCategory
from maskwright.annotations.groups import Grouping
from maskwright.errors import DataError, UsageError, unknown_name
from maskwright.evaluation.results.classes import CLASSES_FILE, read_class_table
from maskwright.structures import ClassTable, normalise_name

# The index of segments that count as void.
NOT_SCORED = 0


@dataclass(frozen=True)
class PanopticClasses:
    """The K classes that are scored, with indices from 1 in the order of ``names``.

    ``things`` says of each class whether it is a thing; None where nothing says so. ``truth`` and ``predictions`` map
    the labels of both to indices, ``NOT_SCORED`` for classes that are not. ``foreign`` names the predicted classes that
    the truth lacks. Where classes are ``grouped``, the stuff of an image that has one class is one segment.
    """

    names: tuple[str, ...]
    things: tuple[bool | None, ...]
    truth: Mapping[int, int]
    predictions: Mapping[int, int]
    foreign: tuple[str, ...] = ()
    grouped: bool = False

    @property
    def joined(self) -> frozenset[int]:
        """The indices of classes whose segments on an image are joined to one."""
        if not self.grouped:
            return frozenset()
        return frozenset(index for index, thing in enumerate(self.things, start=1) if thing is False)


def classes_of_files(
    truth: Path,
    categories: Sequence[PanopticCategory],
    predictions: Path,
    predicted: Sequence[PanopticCategory],
    grouping: Grouping | None = None,
) -> PanopticClasses:
    """Return the classes of the panoptic JSON files ``truth`` and ``predictions`` with these categories.

    Where the predictions' file has categories, or a ``classes.json`` beside it, its classes meet the truth's by name;
    else its category ids are the truth's. With a ``grouping`` its groups are scored, and predictions may be of groups
    or of classes.

    Raises ``DataError`` when the truth has no categories, two of one id or name, or none that the predictions have.
    """
    names = _names(truth, categories)
    if not names:
        raise DataError(f"{truth}: has no categories; expected {{id, name, isthing}} of each class.")
    things = {names[each.id]: None if each.isthing is None else bool(each.isthing) for each in categories}
    given = _predicted_names(predictions, predicted)
    return _classes(names, things, names if given is None else given, grouping, predictions)


def classes_of_tables(
    classes: ClassTable, stuff: Sequence[str], predicted: ClassTable | None, source: str
) -> PanopticClasses:
    """Return the classes of maps in memory, whose labels are indices of ``classes``, or of ``predicted``.

    ``stuff`` names those that are no things. ``source`` names the predictions in messages. Raises ``UsageError`` for a
    name that is no class, ``DataError`` when the tables share no class.
    """
    amounts = {normalise_name(name) for name in stuff}
    for name in sorted(amounts - set(classes.names)):
        raise unknown_name("stuff class", name, classes.names)
    names = {each.index: each.name for each in classes}
    things: dict[str, bool | None] = {name: name not in amounts for name in names.values()}
    given = names if predicted is None else {each.index: each.name for each in predicted}
    if not names:
        raise UsageError("The class table is empty; expected one class at least.")
    return _classes(names, things, given, None, source)


def _classes(
    names: Mapping[int, str],
    things: Mapping[str, bool | None],
    given: Mapping[int, str],
    grouping: Grouping | None,
    source: Path | str,
) -> PanopticClasses:
    """Return the classes ``names`` of the truth and ``given`` of the predictions, both by label."""
    scored = tuple(names.values()) if grouping is None else tuple(group.name for group in grouping.groups)
    own = {name: index for index, name in enumerate(scored, start=1)}
    of_classes = own
    if grouping is not None:
        things = {name: name not in grouping.stuff for name in scored}
        of_classes = {name: own[group.name] for group in grouping.groups for name in group.classes}
    truth = {label: of_classes.get(name, NOT_SCORED) for label, name in names.items()}
    # A group may be called as one of its classes.
    predictions = {label: own.get(name, of_classes.get(name, NOT_SCORED)) for label, name in given.items()}
    known = {*own, *of_classes, *names.values()}
    if not any(truth.values()):
        raise DataError(f"No class of the truth is in a group of {grouping.source if grouping else 'the groups'}.")
    if not any(predictions.values()):
        raise DataError(
            f"{source}: has the classes {', '.join(list(given.values())[:5])}, the truth {', '.join(scored[:5])}; "
            "expected the same names. Classes are matched by name."
        )
    foreign = tuple(name for name in given.values() if name not in known)
    return PanopticClasses(
        scored, tuple(things[name] for name in scored), truth, predictions, foreign, grouping is not None
    )


def _names(path: Path, categories: Sequence[PanopticCategory]) -> dict[int, str]:
    """Return the class names by category id; raise ``DataError`` for an id or a name that occurs twice."""
    for kind, values in (
        ("id", [str(each.id) for each in categories]),
        ("name", [_name(each) for each in categories]),
    ):
        twice = [value for value, times in Counter(values).items() if times > 1]
        if twice:
            raise DataError(
                f"{path}: has two categories with the {kind} '{twice[0]}'; expected one. Rename or remove the other."
            )
    return {each.id: _name(each) for each in categories}


def _name(category: PanopticCategory) -> str:
    return normalise_name(category.name) or f"category {category.id}"


def _predicted_names(path: Path, categories: Sequence[PanopticCategory]) -> dict[int, str] | None:
    """Return the names of the predicted classes by category id; None where nothing names them."""
    if any(each.name for each in categories):
        return _names(path, categories)
    beside = path.parent / CLASSES_FILE
    if not beside.is_file():
        return None
    table = read_class_table(beside)
    return dict(zip(table.category_ids, map(normalise_name, table.names), strict=True))
