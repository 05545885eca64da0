from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.selection.showcase import Showcase, showcase_images


def order(classes, most=99):
    """The images in the order in which all of them are shown."""
    showcase, shown = Showcase(classes), []
    while (image := showcase.propose()) is not None and len(shown) < most:
        showcase.show(image)
        shown.append(image)
    return shown


def test_the_image_with_most_new_classes_comes_first_and_of_equal_ones_the_first():
    assert order([{1}, {1, 2}, {2, 3}, {3, 4}]) == [1, 3, 2, 0]


def test_a_rare_class_is_not_left_out_for_a_crowded_image():
    crowded = [{1, 2, 3}] * 20
    assert 20 in order([*crowded, {4}], most=2)


def test_another_round_begins_when_all_has_been_shown():
    assert order([{1, 2}, {1}, {1, 2}]) == [0, 2, 1]


def test_images_without_classes_are_not_proposed():
    assert order([set(), {1}, set()]) == [1]
    assert order([]) == []
    assert order([set()]) == []


def test_a_dismissed_image_leaves_its_classes_to_others():
    showcase = Showcase([{1, 2}, {1}, {2}])
    assert showcase.propose() == 0
    showcase.dismiss(0)
    assert showcase.propose() == 1
    showcase.show(1)
    assert showcase.propose() == 2


@given(st.lists(st.sets(st.integers(1, 12)), max_size=30))
def test_every_image_that_shows_something_is_shown_once_and_new_classes_come_first(classes):
    shown = order(classes)
    assert sorted(shown) == [image for image, labels in enumerate(classes) if labels]
    seen, news = set(), []
    for image in shown:
        news.append(len(classes[image] - seen))
        seen |= classes[image]
    # While there are new classes, each image shows some, and never more than the one before.
    assert news == sorted(news, reverse=True)


def test_images_for_panels_show_every_class_first_and_then_spread_over_the_rest():
    labels = [[1], [1, 2], [], [3], [1]]
    assert showcase_images(labels, 2) == [1, 3]
    assert showcase_images(labels, 4) == [1, 3, 0, 4]
    assert len(showcase_images(labels, 10)) == 4
    assert showcase_images([], 3) == []


def test_many_objects_of_a_class_show_no_more_than_one():
    assert showcase_images([[1, 1, 1], [1, 2], [1, 2, 2, 2]], 1) == [1]
