from typing import Any

import numpy as np
import pytest

from maskwright.class_colors import class_color
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_names_that_differ_only_in_unicode_form_or_outer_space_are_one_class():
    table = ClassTable.from_names([f"  {DECOMPOSED}\n", "dog"])
    assert table.names == [COMPOSED, "dog"]
    assert table.index_of(DECOMPOSED) == table.index_of(f" {COMPOSED} ") == 1


def test_one_class_named_twice_is_refused_by_name():
    with pytest.raises(DataError, match=COMPOSED):
        ClassTable.from_names([COMPOSED, "dog", DECOMPOSED])


def test_an_unknown_class_is_answered_with_the_nearest_and_exit_code_2():
    with pytest.raises(UsageError, match="motorcycle") as caught:
        ClassTable.from_names(["person", "motorcycle", "dog"]).index_of("motorbike")
    assert caught.value.exit_code == 2


def test_labels_start_after_background_in_the_order_of_the_names():
    table = ClassTable.from_names(["zebra", "ant"])
    assert table.names_with_background == ["background", "zebra", "ant"]
    assert [c.index for c in table] == [1, 2]


@pytest.mark.parametrize(
    ("count", "dtype", "ignore"), [(1, np.uint8, 255), (254, np.uint8, 255), (255, np.uint16, 65535)]
)
def test_more_than_254_classes_need_sixteen_bits_and_ignore_65535(count: int, dtype: type, ignore: int):
    table = ClassTable.from_names([f"class {i}" for i in range(count)])
    assert table.label_dtype is dtype
    assert table.ignore_index == ignore
    assert len(table) < ignore


def test_a_table_comes_back_from_its_json_with_colours_and_source_ids():
    table = ClassTable.from_names(["person", COMPOSED], [(0, 7), (90,)])
    assert ClassTable.from_json(table.to_json()) == table


def test_category_ids_are_the_indices_until_they_are_given():
    table = ClassTable.from_names(["person", COMPOSED], [(7,), (90,)])
    assert table.category_ids == [1, 2]
    assert "category_id" not in table.to_json()[0]
    known = table.with_category_ids([44, 0])
    assert known.category_ids == [44, 0]
    assert [record["category_id"] for record in known.to_json()] == [44, 0]
    assert ClassTable.from_json(known.to_json()) == known != table


@pytest.mark.parametrize("ids", [[1], [1, 1], [1, 2, 3]])
def test_each_class_needs_a_category_id_of_its_own(ids: list[int]):
    with pytest.raises(ValueError, match="for 2 classes"):
        ClassTable.from_names(["person", "dog"]).with_category_ids(ids)


def test_the_palette_gives_black_to_background_and_every_class_its_own_colour():
    palette = ClassTable.from_names([str(i) for i in range(80)]).palette()
    assert palette[0].tolist() == [0, 0, 0]
    assert palette[80].tolist() == list(class_color(80))
    assert len(np.unique(palette, axis=0)) == 81


def test_a_class_cannot_take_the_name_of_the_background() -> None:
    with pytest.raises(DataError, match=r"'background'.*rename it"):
        ClassTable.from_names(["cat", " background "])


def test_a_name_of_a_table_in_json_is_normalised_as_any_other() -> None:
    (record,) = ClassTable.from_names([COMPOSED]).to_json()
    assert ClassTable.from_json([{**record, "name": f" {DECOMPOSED} "}]).names == [COMPOSED]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"index": 2}, r"Class 1 has the index 2; expected 1, 2, 3, … in order"),
        ({"index": "1"}, r"Class 1 has the index '1'; expected a whole number"),
        ({"index": True}, r"has the index True"),
        ({"name": 5}, r"has the name 5; expected text"),
        ({"name": "background"}, r"'background'"),
        ({"color": "red"}, r"has the color 'red'; expected three whole numbers from 0 to 255"),
        ({"color": [1, 2, 300]}, r"has the color \[1, 2, 300\]"),
        ({"color": [1, 2]}, r"has the color \[1, 2\]"),
        ({"color": [1.5, 2, 3]}, r"has the color"),
        ({"source_ids": 7}, r"has the source_ids 7; expected a list"),
        ({"category_id": "7"}, r"has the category_id '7'"),
    ],
    ids=str,
)
def test_a_table_in_json_is_refused_by_the_class_and_the_field_that_is_wrong(fields: dict[str, object], said: str):
    (record,) = ClassTable.from_names(["dog"]).to_json()
    with pytest.raises(DataError, match=said):
        ClassTable.from_json([{**record, **fields}])


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (None, "A class table is None; expected a list"),
        ("abc", "Class 1 is 'a'; expected an object"),
        ([[]], r"Class 1 is \[\]"),
        ([{"index": 1, "name": "dog"}], "Class 1 has no color"),
        ([{"index": i, "name": "dog", "color": [1, 2, 3]} for i in (1, 2)], "Class names repeat: dog"),
    ],
)
def test_what_is_no_class_table_is_refused(records: Any, said: str):
    with pytest.raises(DataError, match=said):
        ClassTable.from_json(records)


def test_stuff_is_told_apart_and_kept_in_json() -> None:
    table = ClassTable.from_names(["car", "sky"]).with_stuff([" sky"])
    assert table.stuff_names == ["sky"]
    assert [record.get("stuff") for record in table.to_json()] == [None, True]
    assert ClassTable.from_json(table.to_json()) == table
    assert table.with_stuff([]) == ClassTable.from_names(["car", "sky"])


def test_stuff_that_is_no_class_is_named() -> None:
    with pytest.raises(UsageError, match="sky"):
        ClassTable.from_names(["car", "sky"]).with_stuff(["skye"])


def test_stuff_that_is_no_truth_value_is_refused() -> None:
    record = {**ClassTable.from_names(["sky"]).to_json()[0], "stuff": "yes"}
    with pytest.raises(DataError, match="stuff"):
        ClassTable.from_json([record])
