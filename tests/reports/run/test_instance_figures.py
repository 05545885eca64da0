import xml.etree.ElementTree as ElementTree

import pytest

from maskwright.reports.run.instance_figures import confusions, instance_figures
from tests.reports.conftest import details

CURVE = {"score": [0.9, 0.5], "precision": [1.0, 0.8], "recall": [0.2, 0.4]}


def names(classes):
    return tuple(f"<class {i}>" for i in range(classes))


def drawn(classes, **changes):
    scores = details(names(classes)) | {"classes": {n: {"instances": i} for i, n in enumerate(names(classes))}}
    return list(instance_figures("test", scores | changes, dict.fromkeys(names(classes), CURVE)))


@pytest.mark.parametrize("classes", [1, 20])
def test_up_to_twenty_classes_have_a_matrix(classes):
    found = drawn(classes)
    assert [figure.name for figure in found] == ["precision-recall-test", "reliability-test", "confusion-test"]
    for figure in found:
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
        assert "test split" in figure.caption
    assert confusions(details(names(classes))) is None


def test_more_have_a_table_of_classes_taken_for_each_other():
    assert [figure.name for figure in drawn(21)] == ["precision-recall-test", "reliability-test"]
    scores = details(names(21))
    table = confusions(scores)
    assert table is not None
    assert table.header[2] == "objects"
    assert not {"nothing"} & {cell for row in table.rows for cell in row}
    # Class 20 has 200 objects in each of 22 columns and 100 more that are right: 200 of 4,500 are 4 %.
    assert table.rows[0][2:] == ["200", "4 %"]


def test_the_classes_with_most_objects_have_the_curves():
    caption = drawn(21)[0].caption
    assert "The 8 of 21 classes with most objects" in caption
    assert "of 8" not in drawn(8)[0].caption
    svg = drawn(21)[0].svg
    assert "class 20" in svg
    assert "class 12" not in svg


def test_the_captions_say_the_threshold():
    found = drawn(3)
    assert "threshold 0.4" in found[0].caption
    assert "at least 0.4" in found[2].caption


def test_an_old_run_and_nothing_measured_draw_nothing():
    old = {"bbox": {"AP": 0.5}, "segm": {"AP": 0.4}, "classes": {"dog": {"segm": 0.4}}}
    empty = {"calibration": None, "confusion": None, "at_score": None}
    for nothing in ({}, old, old | empty):
        assert list(instance_figures("test", nothing, None)) == []
        assert confusions(nothing) is None
    assert [figure.name for figure in instance_figures("test", details(("dog",)), None)] == [
        "reliability-test",
        "confusion-test",
    ]
