"""One class table for the labels of all predictions; predictions that carry other tables are relabelled by name."""

from collections.abc import Mapping

from maskwright.errors import UsageError, some_of
from maskwright.structures import ClassTable, Instances, normalise_name

# What the labels of a table mean. Colours and the ids of annotation files do not matter.
_Meaning = tuple[tuple[int, str], ...]


def require_same_classes(predictions: Mapping[str, Instances], classes: ClassTable) -> None:
    """Raise ``UsageError`` when one of the ``predictions`` by file name carries other classes than ``classes``."""
    for name, found in predictions.items():
        if found.classes is not None and _meaning(found.classes) != _meaning(classes):
            raise UsageError(
                f"The prediction for '{name}' carries the classes {some_of(found.classes.names)}, but "
                f"prediction_classes are {some_of(classes.names)}; expected the same names and indices. Leave "
                "prediction_classes out: labels are matched by the names that predictions carry."
            )


def with_one_class_table(
    predictions: Mapping[str, Instances], default: ClassTable
) -> tuple[ClassTable, Mapping[str, Instances]]:
    """Return a class table, and the ``predictions`` by file name with its indices as labels.

    Labels mean the ``classes`` that a prediction carries, or ``default`` where it carries none. Predictions of one
    table are returned as they are. Of different tables the union by class name is returned, and the predictions are
    relabelled; a label outside its own table becomes negative, and so belongs to no class.
    """
    # A prediction without objects and without classes says nothing about classes.
    tables = {
        name: default if found.classes is None else found.classes
        for name, found in predictions.items()
        if found.classes is not None or len(found)
    }
    distinct = {_meaning(table): table for table in tables.values()}
    if len(distinct) <= 1:
        return next(iter(distinct.values()), default), predictions
    union = ClassTable.from_names(dict.fromkeys(normalise_name(name) for meaning in distinct for _, name in meaning))
    union_index = {c.name: c.index for c in union}
    label_of = {meaning: {i: union_index[normalise_name(name)] for i, name in meaning} for meaning in distinct}
    relabelled = {name: _relabelled(predictions[name], label_of[_meaning(table)]) for name, table in tables.items()}
    return union, {**predictions, **relabelled}


def _meaning(table: ClassTable) -> _Meaning:
    return tuple((c.index, c.name) for c in table)


def _relabelled(found: Instances, label_of: Mapping[int, int]) -> Instances:
    copy = found[:]
    copy.labels[:] = [label_of.get(label, -abs(label)) for label in found.labels.tolist()]
    return copy
