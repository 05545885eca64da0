import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.cocoeval import Params

from maskwright.annotations.statistics.object_sizes import (
    MEDIUM_BELOW,
    SMALL_BELOW,
    count_sizes,
    side_histogram,
    side_quantiles,
)

areas = st.lists(st.floats(0, 2.0**32), max_size=60)


@given(areas)
def test_sizes_are_those_of_the_evaluation(areas):
    params = Params(iouType="segm")
    ranges = dict(zip(params.areaRngLbl, params.areaRng, strict=True))
    # Its ranges are closed, so that it counts an object on a border twice; here it is in the upper one.
    inner = [area for area in areas if area not in (SMALL_BELOW, MEDIUM_BELOW)]
    expected = {name: sum(ranges[name][0] <= area <= ranges[name][1] for area in inner) for name in ("small", "medium")}
    found = count_sizes(inner)
    assert found == {**expected, "large": len(inner) - sum(expected.values())}


def test_an_object_on_a_border_belongs_to_the_upper_size():
    assert count_sizes([1023.9, 1024.0, 9216.0]) == {"small": 1, "medium": 1, "large": 1}
    assert count_sizes([]) == {"small": 0, "medium": 0, "large": 0}


@given(areas)
def test_every_area_is_in_the_one_bin_that_holds_its_side(areas):
    edges, counts = side_histogram(areas)
    assert sum(counts) == len(areas)
    sides = np.sqrt(areas)
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        assert count == ((low <= sides) & (sides < high)).sum()


@given(areas.filter(lambda areas: max(areas, default=0) >= MEDIUM_BELOW))
def test_bins_change_exactly_where_sizes_change(areas):
    edges, counts = side_histogram(areas)
    assert {32.0, 96.0} <= set(edges)
    small, medium = edges.index(32.0), edges.index(96.0)
    parts = sum(counts[:small]), sum(counts[small:medium]), sum(counts[medium:])
    assert dict(zip(("small", "medium", "large"), parts, strict=True)) == count_sizes(areas)


def test_no_areas_no_bins():
    assert side_histogram([]) == ([], [])


def test_quantiles_are_of_sides_not_of_areas():
    assert side_quantiles([0, 100, 400], [0, 0.5, 0.75, 1]) == pytest.approx([0, 10, 15, 20])
