import pytest

from maskwright.annotations.coco.categories import absent_classes, class_table, label_by_category
from maskwright.annotations.coco.file import read_coco
from maskwright.errors import UsageError


def test_classes_are_matched_by_name_across_files_with_other_ids(coco):
    train = read_coco(coco(categories={0: "person", 1: "dog", 2: "cake"}, name="train.json"))
    validation = read_coco(coco(categories={0: "cake", 7: "person", 90: "dog"}, name="validation.json"))
    table = class_table(train)
    assert label_by_category(train, table) == {0: 1, 1: 2, 2: 3}
    assert label_by_category(validation, table) == {0: 3, 7: 1, 90: 2}


def test_names_in_another_unicode_form_are_the_same_class(coco):
    composed, decomposed = "caf\u00e9", "  cafe\u0301\n"
    table = class_table(read_coco(coco(categories={1: composed})))
    assert label_by_category(read_coco(coco(categories={5: decomposed})), table) == {5: 1}
    assert class_table(read_coco(coco(categories={5: decomposed})), [composed]).names == [composed]


def test_all_classes_come_by_ascending_id_whatever_their_order_in_the_file(coco):
    table = class_table(read_coco(coco(categories={90: "toothbrush", 0: "person", 3: "car"})))
    assert table.names == ["person", "car", "toothbrush"]
    assert [c.source_ids for c in table] == [(0,), (3,), (90,)]


def test_chosen_classes_get_their_labels_in_the_order_given(coco):
    read = read_coco(coco(categories={1: "person", 2: "dog", 3: "cake"}))
    table = class_table(read, ["cake", "person"])
    assert label_by_category(read, table) == {3: 1, 1: 2}


def test_categories_that_share_a_name_are_one_class_with_several_ids(coco):
    read = read_coco(coco(categories={4: "dog", 1: "person", 2: " dog"}))
    table = class_table(read)
    assert [(c.name, c.source_ids) for c in table] == [("person", (1,)), ("dog", (2, 4))]
    assert label_by_category(read, table) == {1: 1, 2: 2, 4: 2}


def test_an_unknown_class_is_answered_with_the_nearest_name_and_exit_code_2(coco):
    read = read_coco(coco(categories={1: "motorcycle", 2: "dog"}))
    with pytest.raises(UsageError, match=r"labels\.json 'motorbike'\. Nearest: motorcycle") as caught:
        class_table(read, ["dog", "motorbike"])
    assert caught.value.exit_code == 2


def test_classes_that_another_file_does_not_list_are_known_as_absent(coco):
    table = class_table(read_coco(coco(categories={1: "person", 2: "dog", 3: "cake"}, name="train.json")))
    assert absent_classes(read_coco(coco(categories={9: "dog"}, name="validation.json")), table) == ["person", "cake"]


def test_more_than_254_categories_ask_for_sixteen_bits(coco):
    categories = {i: f"class {i}" for i in range(1, 301)}
    table = class_table(read_coco(coco(categories=categories)))
    assert (len(table), table.ignore_index) == (300, 65535)
    assert label_by_category(read_coco(coco(categories=categories)), table)[300] == 300
