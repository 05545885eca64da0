import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.masks.outlines import measure_outlines, straight

COORDINATES = st.integers(-2000, 2000).map(lambda quarter: quarter / 4)
POLYGONS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=12)


@settings(max_examples=80)
@given(st.lists(POLYGONS, min_size=1, max_size=6))
def test_measures_are_those_of_opencv_polygon_by_polygon(polygons: list[list[tuple[float, float]]]):
    found = measure_outlines([[value for point in points for value in point] for points in polygons])
    contours = [np.array(points, np.float32) for points in polygons]
    assert found.areas == pytest.approx([cv2.contourArea(each) for each in contours], rel=1e-4, abs=0.5)
    assert found.lengths == pytest.approx([cv2.arcLength(each, True) for each in contours], rel=1e-4, abs=1e-3)
    assert found.bounds.tolist() == [[*each.min(0).tolist(), *each.max(0).tolist()] for each in contours]
    assert found.points.tolist() == [len(points) for points in polygons]


def test_no_polygons_have_no_measures():
    found = measure_outlines([])
    assert (found.bounds.shape, found.areas.size, found.lengths.size) == ((0, 4), 0, 0)


def test_a_small_square_far_from_the_origin_keeps_its_area():
    far = 1e8
    square = [far, far, far + 2, far, far + 2, far + 2, far, far + 2]
    assert measure_outlines([square]).areas.tolist() == [4]


def test_the_two_halves_of_a_bow_tie_cancel():
    assert measure_outlines([[0, 0, 10, 10, 10, 0, 0, 10]]).areas.tolist() == [0]


def test_coordinates_beyond_all_bounds_are_measured_without_a_warning():
    found = measure_outlines([[-1e308, 0, 1e308, 1e308, 0, -1e308], [0, 0, 4, 0, 4, 3]])
    assert not np.isfinite(found.lengths[0])
    assert (found.areas[1], found.lengths[1]) == (6, 12)


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        ([10, 10, 20, 10, 30, 10], True),
        ([0, 0, 10, 5, 4, 2], True),
        ([5, 5, 5, 5, 5, 5], True),
        ([1e308, -1e308] * 4, True),
        ([0, 0, 100, 100, 50.001, 50], True),
        ([0, 0, 10, 0, 10, 0.5], False),
        ([10, 10, 30, 30, 30, 10, 10, 30], False),
    ],
    ids=str,
)
def test_points_on_one_line_are_told_from_slivers(polygon: list[float], expected: bool):
    assert straight(polygon) is expected
