import numpy as np
import pytest

from maskwright.reports.explore.image_figures import aspect_ratios, image_sizes, instances_per_image
from tests.reports.drawn import axes, heights, overlapping


@pytest.mark.parametrize(("largest", "bars", "label"), [
    (0, 1, "instances on an image"),
    (40, 41, "instances on an image"),
    (41, 22, "instances on an image, 2 to a bar"),
    (900, 19, "instances on an image, 50 to a bar"),
])  # fmt: skip
def test_instances_per_image_keep_every_image_and_few_bars(largest, bars, label):
    images = {0: 4, largest: 7} if largest else {0: 11}
    found = axes(instances_per_image, images)
    assert len(found.patches) == bars
    assert sum(heights(found)) == 11
    assert found.get_xlabel() == label


def test_images_without_instances_are_not_mixed_with_others():
    found = axes(instances_per_image, {0: 3, 1: 5, 100: 1})
    first, second = found.patches[:2]
    assert (first.get_height(), second.get_height()) == (3, 5)
    assert first.get_x() + first.get_width() <= 0.5 <= second.get_x()


def test_a_dot_for_each_image_size_with_an_area_by_its_images():
    found = axes(image_sizes, {(480, 640): 90, (640, 480): 30})
    dots = found.collections[0]
    assert np.asarray(dots.get_offsets()).tolist() == [[640, 480], [480, 640]]
    large, small = dots.get_sizes()
    assert (large - 6) / (small - 6) == pytest.approx(3)
    assert found.get_xlim() == found.get_ylim()


@pytest.mark.parametrize(("size", "tick"), [
    ((480, 640), "4:3"), ((640, 480), "3:4"), ((400, 600), "3:2"), ((600, 400), "2:3"), ((1080, 1920), "16:9"),
    ((500, 500), "1:1"), ((500, 1000), "2:1"),
])  # fmt: skip
def test_a_common_shape_is_in_the_bar_over_its_name(size, tick):
    found = axes(aspect_ratios, {size: 5})
    place = dict(zip([t.get_text() for t in found.get_xticklabels()], found.get_xticks(), strict=True))[tick]
    (bar,) = found.patches
    assert bar.get_x() <= place <= bar.get_x() + bar.get_width()


@pytest.mark.parametrize("sizes", [{(480, 640): 1}, {(1, 5000): 1, (5000, 1): 2, (10, 10): 3}, {(1, 2**31): 1}])
def test_shapes_of_any_kind_can_be_drawn_and_their_names_do_not_meet(sizes):
    found = axes(aspect_ratios, sizes)
    assert sum(heights(found)) == sum(sizes.values())
    assert not overlapping(found)
