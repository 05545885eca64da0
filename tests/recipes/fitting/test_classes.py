"""The choice of classes: counts decide, and what is left out is named with its figures."""

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.recipes.fitting.classes import choose_classes
from maskwright.recipes.fitting.figures import ClassFigures

PARENT = ClassFigures("objects", 0, 0)
CAT, DOG, COW = ClassFigures("cat", 90, 60), ClassFigures("dog", 10, 5), ClassFigures("cow", 9, 9)


def test_classes_with_enough_objects_on_enough_images_are_kept_in_the_files_order() -> None:
    choice = choose_classes([PARENT, COW, DOG, CAT], 100, "a.json")
    assert choice.names == ["dog", "cat"]
    assert choice.left_out == (COW,)
    assert choice.empty == ("objects",)
    for said in ("cat (90 on 60)", "cow (9 on 9)", "objects"):
        assert said in choice.reason


def test_one_class_without_an_object_is_a_parent_category_and_several_are_not() -> None:
    assert (
        "object, as the parent category that Roboflow writes: objects" in choose_classes([PARENT, CAT], 9, "a").reason
    )
    several = choose_classes([PARENT, ClassFigures("bear", 0, 0), CAT], 9, "a")
    assert several.reason.endswith("Without an object: objects, bear")


def test_many_objects_on_few_images_are_too_few() -> None:
    flock = ClassFigures("sheep", 300, 4)
    assert choose_classes([CAT, flock], 100, "a.json").left_out == (flock,)


def test_a_large_file_asks_for_more_images_up_to_a_limit() -> None:
    rare, common = ClassFigures("rare", 40, 40), ClassFigures("common", 60, 60)
    assert choose_classes([CAT, rare], 1000, "a.json").names == ["cat", "rare"]
    assert choose_classes([common, rare], 100_000, "a.json").names == ["common"]


def test_random_weights_ask_for_a_tenth_of_the_images() -> None:
    few, many = ClassFigures("few", 40, 9), ClassFigures("many", 40, 10)
    assert choose_classes([few, many], 100, "a.json").names == ["few", "many"]
    assert choose_classes([few, many], 100, "a.json", from_random=True).names == ["many"]


def test_of_classes_that_are_all_rare_the_most_frequent_is_kept() -> None:
    assert choose_classes([ClassFigures("ant", 3, 2), ClassFigures("bee", 4, 4)], 9, "a.json").names == ["bee"]


def test_a_file_without_any_object_is_refused() -> None:
    with pytest.raises(DataError, match=r"a\.json: no object has a segmentation \(objects\)"):
        choose_classes([PARENT], 10, "a.json")


def test_classes_that_are_asked_for_are_kept_whatever_their_counts() -> None:
    choice = choose_classes([PARENT, COW, DOG, CAT], 100, "a.json", [" cow", "cat", "cow"])
    assert choice.names == ["cow", "cat"]
    assert choice.left_out == (DOG,)
    assert choice.reason == "as asked for: cat (90 on 60), cow (9 on 9). All others are background: dog"
    assert choose_classes([PARENT, COW, DOG], 100, "a.json", ["all"]).names == ["cow", "dog"]


def test_a_class_that_the_file_does_not_have_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Unknown class 'caw'\. Nearest: cow, cat"):
        choose_classes([PARENT, COW, DOG, CAT], 100, "a.json", ["caw"])
