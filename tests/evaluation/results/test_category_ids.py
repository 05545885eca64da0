from typing import Any, cast

import pytest

from maskwright.errors import DataError
from maskwright.evaluation.results.category_ids import of_annotation_file, of_model, with_category_ids, with_indices
from maskwright.models.weights.published_classes import coco_classes
from maskwright.structures import ClassTable, ResultRecord

TABLE = ClassTable.from_names(["person", "dog", "caf\u00e9"])


def results(*ids: int) -> list[ResultRecord]:
    return cast(list[ResultRecord], [{"image_id": 7, "category_id": each, "score": 0.5} for each in ids])


def test_ids_are_those_of_the_annotation_file_by_name():
    table = of_annotation_file(TABLE, {0: "dog", 44: " person ", 18: "cafe\u0301", 3: "kite"})
    assert table.category_ids == [44, 0, 18]
    assert (table.names, [c.index for c in table]) == (TABLE.names, [1, 2, 3])


def test_a_class_that_the_file_lacks_has_an_id_that_means_no_class_there():
    # With its index, 2, dogs would be scored as kites.
    assert of_annotation_file(TABLE, {1: "person", 2: "kite"}).category_ids == [1, 3, 4]
    assert of_annotation_file(TABLE, {}).category_ids == [1, 2, 3]


def test_of_two_categories_of_one_name_it_is_the_lowest_id():
    assert of_annotation_file(TABLE, {9: "dog", 5: "dog", 1: "person", 2: "café"}).category_ids == [1, 5, 2]


def test_a_model_knows_the_ids_of_its_training_file_where_each_class_has_one():
    coco = coco_classes()
    table = ClassTable.from_names(coco, [(number,) for number in coco.values()])
    assert of_model(table).category_ids == list(coco.values())
    assert of_model(table).category_ids[-1] == 90
    groups: list[Any] = [(1, 17), (3,), ()]
    for ids in (groups, [(1,), (3,), ()], [(1,), (3,), (3,)]):
        assert of_model(ClassTable.from_names(TABLE.names, ids)).category_ids == [1, 2, 3]


def test_records_go_there_and_back():
    table = TABLE.with_category_ids([2, 1, 90])
    found = results(1, 2, 3, 1)
    written = with_category_ids(found, table)
    assert [each["category_id"] for each in written] == [2, 1, 90, 2]
    assert with_indices(written, table) == found == results(1, 2, 3, 1)


def test_an_id_that_the_table_lacks_is_refused():
    with pytest.raises(DataError, match=r"category id 3; expected one of classes\.json .* 2, 1, 90"):
        with_indices(results(3), TABLE.with_category_ids([2, 1, 90]))
