import math

import pytest

from maskwright.annotations.statistics.class_counts import MOST_PIXELS, ClassCounts


def test_instances_add_up_and_crowds_are_counted_apart():
    counts = ClassCounts()
    counts.add(mask_area=90, area=100.0, crowd=False)
    counts.add(mask_area=1000, area=10_000.0, crowd=False)
    counts.add(mask_area=5000, area=5000.0, crowd=True)
    found = counts.to_json()
    assert (found["instances"], found["crowds"], found["pixels"]) == (2, 1, 1090)
    assert (found["small"], found["medium"], found["large"]) == (1, 0, 1)
    assert found["median_side"] == pytest.approx(55)


@pytest.mark.parametrize("area", [-1.0, math.nan, math.inf, -math.inf])
def test_what_is_no_area_gives_way_to_the_mask(area):
    counts = ClassCounts()
    counts.add(mask_area=49, area=area, crowd=False)
    assert list(counts.areas) == [49]


def test_an_area_beyond_every_image_is_large_and_no_more():
    counts = ClassCounts()
    counts.add(mask_area=49, area=1e300, crowd=False)
    assert list(counts.areas) == [MOST_PIXELS]
    assert counts.to_json()["large"] == 1


def test_a_class_without_instances_has_no_median():
    assert ClassCounts().to_json()["median_side"] is None
