import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.evaluation.results.prediction_classes import require_same_classes, with_one_class_table
from maskwright.structures import ClassTable, Instances

PETS = ClassTable.from_names(["dog", "cat"])
REVERSED = ClassTable.from_names(["cat", "dog"])
BIRDS = ClassTable.from_names(["dog", "owl"])


def found(*labels: int, classes: ClassTable | None = None) -> Instances:
    return Instances.from_dense(np.ones((len(labels), 2, 3)), labels, classes=classes)


def names(table: ClassTable, predictions: object) -> dict[str, list[str]]:
    return {name: [table.names[label - 1] for label in each.labels] for name, each in dict(predictions).items()}  # type: ignore[call-overload]


def test_predictions_of_one_table_stay_as_they_are() -> None:
    other_ids = ClassTable.from_names(REVERSED.names, [(7,), (9,)])
    given = {"a": found(1, classes=REVERSED), "b": found(classes=other_ids), "c": found()}
    table, predictions = with_one_class_table(given, PETS)
    assert table.names == ["cat", "dog"]
    assert predictions is given


def test_labels_without_classes_mean_the_default() -> None:
    given = {"a": found(1, 2)}
    assert with_one_class_table(given, PETS) == (PETS, given)
    assert with_one_class_table({}, PETS) == (PETS, {})
    assert with_one_class_table({"a": found()}, PETS)[0] == PETS


def test_different_tables_are_matched_by_name() -> None:
    given = {"a": found(1, 2), "b": found(1, 2, classes=REVERSED), "c": found(1, 2, classes=BIRDS), "d": found()}
    table, predictions = with_one_class_table(given, PETS)
    assert table.names == ["dog", "cat", "owl"]
    assert names(table, predictions) == {"a": ["dog", "cat"], "b": ["cat", "dog"], "c": ["dog", "owl"], "d": []}
    assert given["b"].labels.tolist() == [1, 2], "as it was"


def test_a_label_outside_its_own_table_belongs_to_no_class() -> None:
    table, predictions = with_one_class_table({"a": found(3, classes=PETS), "b": found(2, classes=BIRDS)}, PETS)
    assert len(table) == 3
    assert predictions["a"].labels.tolist() == [-3]


def test_other_classes_than_the_given_ones_are_refused() -> None:
    require_same_classes({"a": found(1), "b": found(1, classes=PETS)}, PETS)
    with pytest.raises(UsageError, match=r"'b'.*cat, dog.*dog, cat"):
        require_same_classes({"a": found(1), "b": found(1, classes=REVERSED)}, PETS)
