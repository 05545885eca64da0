from pathlib import Path

import pytest

from maskwright.annotations.formats.dataset import ReadOptions
from maskwright.errors import DataError, UsageError
from tests.annotations.formats.examples import drawn, frame


def test_an_object_s_area_and_box_are_its_mask_s():
    each = drawn(frame())
    assert (each.area, each.box) == (44, [2, 0, 8, 7])


def test_chosen_classes_come_in_the_order_asked_for_once_and_by_name():
    reading = ReadOptions(classes=["dog", " cafe\u0301", "dog"])
    assert reading.choose_classes(["cat", "café", "dog"], Path("x")) == ["dog", "café"]
    assert ReadOptions().choose_classes(["b", "a", "b"], Path("x")) == ["b", "a"]
    with pytest.raises(UsageError, match=r"Unknown class in x 'dog'\."):
        reading.choose_classes(["cat"], Path("x"))


def test_a_class_name_beyond_the_limit_is_refused():
    # Written as COCO, the class could not be read again.
    assert ReadOptions().choose_classes(["n" * 1000], Path("x")) == ["n" * 1000]
    with pytest.raises(DataError, match=r"x: has a class with a name of 1,001 letters.* name-letters"):
        ReadOptions().choose_classes(["a", "n" * 1001], Path("x"))
