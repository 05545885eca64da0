import numpy as np
import pytest

from maskwright.class_colors import class_color
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable, Instances

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def three_instances() -> Instances:
    return Instances(
        (20, 30),
        np.array([[0, 0, 5, 5], [1, 1, 6, 6], [2, 2, 7, 7]]),
        np.array([1, 2, 3]),
        [{"size": [20, 30], "counts": name} for name in (b"a", b"b", b"c")],
        np.array([0.9, 0.8, 0.7], np.float32),
        np.array([False, True, False]),
    )


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


def test_the_palette_gives_black_to_background_and_every_class_its_own_colour():
    palette = ClassTable.from_names([str(i) for i in range(80)]).palette()
    assert palette[0].tolist() == [0, 0, 0]
    assert palette[80].tolist() == list(class_color(80))
    assert len(np.unique(palette, axis=0)) == 81


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (np.array([False, True, True]), [1, 2]),
        (np.array([2, 0]), [2, 0]),
        (slice(1, None), [1, 2]),
        (1, [1]),
        (np.zeros(3, np.bool_), []),
    ],
    ids=["bool mask", "order", "slice", "one", "none"],
)
def test_slicing_instances_slices_every_field_together(which: object, expected: list[int]):
    everything = three_instances()
    chosen = everything[which]
    assert chosen.size == (20, 30)
    assert chosen.labels.tolist() == [everything.labels[i] for i in expected]
    assert chosen.boxes.tolist() == [everything.boxes[i].tolist() for i in expected]
    assert chosen.masks == [everything.masks[i] for i in expected]
    assert chosen.scores.tolist() == [everything.scores[i] for i in expected]
    assert chosen.crowd.tolist() == [everything.crowd[i] for i in expected]


def test_fields_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Instances((20, 30), np.zeros((2, 4), np.float32), np.array([1]), [])


def test_truth_without_scores_is_certain_and_no_crowd():
    truth = Instances((20, 30), np.zeros((1, 4)), np.array([1]), [{"size": [20, 30], "counts": b""}])
    assert truth.scores.tolist() == [1.0]
    assert truth.crowd.tolist() == [False]


def test_an_image_without_objects_has_boxes_of_shape_0_4():
    assert Instances.empty((20, 30)).boxes.shape == (0, 4)


def test_a_class_cannot_take_the_name_of_the_background() -> None:
    with pytest.raises(DataError, match=r"'background'.*rename it"):
        ClassTable.from_names(["cat", " background "])
