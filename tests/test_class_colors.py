from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from maskwright.class_colors import class_color
from maskwright.images.draw import IGNORE_COLORS
from maskwright.structures import IGNORED_COLOR

ALL = [class_color(index) for index in range(1, 255)]


# sRGB (IEC 61966-2-1) to XYZ, divided by the white point D65.
TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
) / np.array([[0.950456], [1.0], [1.088754]])


def cielab(colors) -> npt.NDArray[np.float64]:
    """CIELAB ``(N, 3)`` of sRGB colours (CIE 15, section 8.2.1)."""
    encoded = np.asarray(colors, np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def smallest_distance(colors) -> float:
    places = cielab(colors)
    return min(float(np.linalg.norm(places[i + 1 :] - place, axis=1).min()) for i, place in enumerate(places[:-1]))


def test_our_cielab_is_opencvs():
    theirs = cv2.cvtColor(np.asarray(ALL, np.float32)[None] / 255, cv2.COLOR_RGB2LAB)[0]
    np.testing.assert_allclose(cielab(ALL), theirs, atol=1.5)


@pytest.mark.parametrize(("count", "apart"), [(8, 35), (20, 35), (40, 26), (63, 22), (80, 20), (254, 10)])
def test_any_two_of_the_first_classes_are_told_apart(count: int, apart: float):
    assert smallest_distance(ALL[:count]) > apart


def test_neighbours_are_told_apart_at_a_glance():
    assert min(smallest_distance(pair) for pair in pairwise(ALL[:80])) > 25


def test_no_class_looks_like_background_paper_or_ignored_pixels():
    taken = cielab([(0, 0, 0), (255, 255, 255), *IGNORE_COLORS, IGNORED_COLOR])
    for place in cielab(ALL[:100]):
        assert np.linalg.norm(taken - place, axis=1).min() > 15


def test_after_the_first_eight_each_is_the_farthest_of_the_grid_from_all_before_it():
    axis = np.arange(0, 256, 17)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    places = cielab(grid)
    chroma = np.hypot(places[:, 1], places[:, 2])
    places = places[(places[:, 0] > 25) & (places[:, 0] < 92) & (chroma > 12) & (chroma < 105)]
    distance = np.full(len(places), np.inf)
    for position, place in enumerate(cielab([(0, 0, 0), (255, 255, 255), *IGNORE_COLORS, *ALL])):
        from_here = np.linalg.norm(places - place, axis=1)
        if position >= 4 + 8:
            assert distance[from_here.argmin()] == pytest.approx(distance.max())
        distance = np.minimum(distance, from_here)


def test_colours_repeat_where_eight_bits_end():
    assert class_color(255) == class_color(1)
    assert class_color(508) == class_color(254)
