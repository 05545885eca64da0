import pytest

from maskwright.reports.explore.figures import FIGURES, MOST_BARS, MOST_IN_MATRIX, MOST_SIZES, explore_figures
from tests.reports.explored import explored


def figures(*arguments):
    return {figure.name: figure for figure in explore_figures(explored(*arguments))}


def labels(figure, axis="y"):
    axes = figure.figure.axes[0]
    return [label.get_text() for label in (axes.get_yticklabels() if axis == "y" else axes.get_xticklabels())]


SCENE = [(1, 0, 0, 10), (2, 5, 5, 10), (2, 30, 30, 4)], [(2, 0, 0, 40)]


@pytest.fixture(scope="module")
def scene():
    return figures(["dog", "cat"], *SCENE)


def test_a_data_set_with_two_classes_has_every_figure(scene):
    assert list(scene) == list(FIGURES)
    assert all(figure.svg.startswith("<svg") and figure.caption.endswith(".") for figure in scene.values())


def test_bars_are_sorted_by_instances_in_each_figure(scene):
    for name in ("instances_per_class", "images_per_class", "pixels_per_class"):
        assert labels(scene[name]) == ["cat", "dog"]
        assert ">cat</text>" in scene[name].svg


def test_the_matrices_show_pairs_on_whichever_side_the_file_had_them(scene):
    # cat, the more frequent, is at position 0; the two overlap in 5 × 5 pixels of one image.
    cells = {name: {t.get_position(): t.get_text() for t in scene[name].figure.axes[0].texts} for name in FIGURES}
    assert cells["co_occurrence"] == {(0, 0): "2", (0, 1): "1", (1, 1): "1"}
    assert cells["overlap"] == {(0, 1): "25"}


@pytest.mark.parametrize(("images", "absent"), [
    ([], set(FIGURES)),
    ([[]], set(FIGURES) - {"instances_per_image", "image_sizes", "aspect_ratios"}),
    ([[(1, 0, 0, 9, True)]], set(FIGURES) - {"instances_per_image", "image_sizes", "aspect_ratios"}),
    ([[(1, 0, 0, 9)]], {"co_occurrence", "overlap"}),
    ([[(1, 0, 0, 9), (1, 5, 5, 9)]], {"co_occurrence"}),
])  # fmt: skip
def test_what_has_nothing_to_show_is_left_out(images, absent):
    assert set(FIGURES) - set(figures(["dog", "cat"], *images)) == absent


def test_of_many_classes_the_most_frequent_are_shown_and_it_says_so():
    count = MOST_BARS + 30
    names = [f"class {i}" for i in range(1, count + 1)]
    # The later a class, the more often it occurs.
    images = [[(label, 1, 1, 9) for label in range(number, count + 1)] for number in range(1, count + 1, 40)]
    found = figures(names, *images)
    for name, most in (
        ("instances_per_class", MOST_BARS),
        ("sizes_per_class", MOST_SIZES),
        ("overlap", MOST_IN_MATRIX),
    ):
        shown = labels(found[name])
        assert len(shown) == most
        assert shown[0] == "class 121"
        assert f"The {most} of {count} classes with most instances." in found[name].caption
    assert len(found["instances_per_class"].svg) < 120_000


def test_same_data_same_figures(scene):
    again = figures(["dog", "cat"], *SCENE)
    assert {name: figure.svg for name, figure in scene.items()} == {name: figure.svg for name, figure in again.items()}
