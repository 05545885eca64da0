from pathlib import Path

import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.groups import Grouping, read_grouping, shipped_groupings
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable

# The 80 categories of COCO 2017, in the order of their ids.
COCO_CLASSES = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag,
tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
toothbrush
"""


@pytest.fixture
def grouping(tmp_path: Path):
    """``grouping(text)`` reads a file of that text."""

    def read(text: str) -> Grouping:
        (tmp_path / "groups.yaml").write_text(text, encoding="utf-8")
        return read_grouping(str(tmp_path / "groups.yaml"))

    return read


def test_coco9_puts_each_of_the_80_classes_into_one_of_nine_weighted_groups():
    coco9 = read_grouping("coco9")
    assert [(group.name, group.weight, len(group.classes)) for group in coco9.groups] == [
        ("living", 4.0, 11),
        ("vehicles", 3.0, 8),
        ("urban", 2.5, 5),
        ("electronics", 2.5, 11),
        ("kitchen", 2.0, 14),
        ("fruit", 2.0, 3),
        ("sports", 1.5, 10),
        ("personal", 1.0, 8),
        ("household", 1.0, 10),
    ]
    assert sorted(coco9.classes) == sorted(name.strip() for name in COCO_CLASSES.split(","))


def test_coco14_keeps_the_five_street_classes_and_puts_all_others_into_groups_that_lie_below_them():
    coco14 = read_grouping("coco14")
    five, others = coco14.groups[:5], coco14.groups[5:]
    assert [(group.name, group.weight) for group in five] == [
        (name, float(index)) for index, name in enumerate(["person", "bicycle", "car", "motorcycle", "airplane"], 1)
    ]
    assert max(group.weight for group in others) <= five[0].weight
    assert sorted(coco14.classes) == sorted(name.strip() for name in COCO_CLASSES.split(","))


def test_every_shipped_grouping_can_be_read():
    assert shipped_groupings() == ["coco14", "coco9"]
    assert all(read_grouping(name).groups for name in shipped_groupings())


def test_groups_get_labels_in_the_order_of_the_file(grouping, coco):
    groups = grouping("wheels: {weight: 2, classes: [car, bus]}\nanimals:\n  classes: [dog]\n")
    assert groups.weights == [2.0, 1.0]
    path = coco(categories={0: "dog", 4: "bus", 9: "car", 10: "tree"})
    table, labels = groups.table_and_labels(read_coco(path))
    assert [(c.index, c.name, c.source_ids) for c in table] == [(1, "wheels", (4, 9)), (2, "animals", (0,))]
    assert labels == {0: 2, 4: 1, 9: 1}


def test_a_group_without_a_category_keeps_its_label(grouping, coco):
    groups = grouping("wheels: {classes: [car]}\nanimals: {classes: [dog]}")
    table, labels = groups.table_and_labels(read_coco(coco(categories={3: "dog"})))
    assert (table.names, labels) == (["wheels", "animals"], {3: 2})
    assert table.classes[0].source_ids == ()


def test_categories_may_be_left_out(grouping, coco):
    groups = grouping("animals: {classes: [dog, cat]}")
    table, labels = groups.table_and_labels(read_coco(coco(categories={3: "dog", 4: "cat"})), without=[3])
    assert (table.classes[0].source_ids, labels) == ((4,), {4: 1})


def test_names_are_compared_in_one_unicode_form_without_outer_space(grouping, coco):
    groups = grouping(b'drinks: {classes: [" cafe\\u0301 "]}'.decode("unicode_escape"))
    assert groups.table_and_labels(read_coco(coco(categories={1: "caf\u00e9"})))[1] == {1: 1}


def test_a_class_weighs_what_its_group_weighs_and_one_of_no_group_nothing(grouping):
    groups = grouping("wheels: {weight: 2.5, classes: [car]}\nanimals: {weight: -1, classes: [dog]}")
    assert groups.class_weights(ClassTable.from_names(["dog", "tree", "car"])) == [-1.0, 0.0, 2.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no groups"),
        ("[a, b]", "holds no groups"),
        ("a: b: c", "not valid YAML"),
        ("a: {classes: [x]}\na: {classes: [y]}", "'a' occurs twice"),
        ("a: {classes: [x], classes: [y]}", "'classes' occurs twice"),
        ("a: [x]", "group 'a' does not fit (Expected `object`"),
        ("a: {weight: 1}", "missing required field `classes`"),
        ("a: {classes: []}", "length >= 1"),
        ("a: {classes: person}", "Expected `array`, got `str`"),
        ("a: {classes: [1]}", "Expected `str`, got `int` - at `$.classes[0]`"),
        ("no: {classes: [x]}", "group False does not fit (Expected `str`, got `bool`)"),
        ("a: {weight: heavy, classes: [x]}", "at `$.weight`"),
        ("a: {weight: .nan, classes: [x]}", "Expected a finite weight, got nan"),
        ("a: {weight: .inf, classes: [x]}", "Expected a finite weight, got inf"),
        ("a: {wieght: 2, classes: [x]}", "unknown field `wieght`"),
        ("a: {classes: [x]}\nb: {classes: [y, x]}", "the class 'x' is in 'a' and in 'b'"),
        ("a: !!python/object/apply:os.system [echo]", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_grouping_is_refused_by_name_with_what_was_found(grouping, text: str, message: str):
    with pytest.raises(DataError) as caught:
        grouping(text)
    assert str(caught.value).count("groups.yaml: ") == 1
    assert message in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "groups.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"groups\.yaml: is not UTF-8 text"):
        read_grouping(str(tmp_path / "groups.yaml"))


def test_aliases_that_unfold_without_end_are_refused_briefly(grouping):
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40))]
    with pytest.raises(DataError) as caught:
        grouping("\n".join(lines))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("source", "message"), [("coc9", "Unknown grouping 'coc9'. Shipped: .*coco9"), ("x.yaml", "x.y")]
)
def test_an_unknown_name_is_answered_with_the_shipped_ones_and_a_missing_file_as_such(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        read_grouping(source)


def test_a_list_under_stuff_names_the_groups_that_are_no_things(grouping):
    groups = grouping("stuff: [ground]\nwheels: {classes: [car]}\nground: {classes: [road]}")
    assert ([group.name for group in groups.groups], groups.stuff) == (["wheels", "ground"], {"ground"})
    assert grouping("wheels: {classes: [car]}").stuff == frozenset()
    # A group may be called so.
    named = grouping("stuff: {classes: [road]}")
    assert ([group.name for group in named.groups], named.stuff) == (["stuff"], frozenset())


def test_stuff_that_is_no_group_is_refused(grouping):
    with pytest.raises(DataError, match=r"calls 'grund' stuff, which is no group.*such as ground"):
        grouping("stuff: [grund]\nground: {classes: [road]}")
    with pytest.raises(DataError, match="holds no groups"):
        grouping("stuff: [ground]")
