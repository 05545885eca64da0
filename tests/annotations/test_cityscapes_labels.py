import pytest

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS, LABELS, label_id_of


def test_ids_are_the_positions_of_the_table():
    assert [label.id for label in LABELS] == list(range(34))


def test_the_table_is_that_of_the_official_tools():
    official = pytest.importorskip("cityscapesscripts.helpers.labels").labels
    expected = [(x.name, x.id, x.category, x.hasInstances, x.ignoreInEval) for x in official if x.id >= 0]
    assert [tuple(label) for label in LABELS] == expected


def test_eight_classes_are_scored_by_instance():
    names = ["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"]
    assert [label.name for label in INSTANCE_LABELS] == names


@pytest.mark.parametrize(("value", "label"), [(26, 26), (26000, 26), (26014, 26), (1000, 1), (7, 7)])
def test_an_instance_is_a_label_times_1000_and_a_number(value: int, label: int):
    assert label_id_of(value) == label
