"""The vehicles of the drawn streets have the sizes of real ones and show their details inside their outlines."""

import cv2
import numpy as np
import pytest

from maskwright.synthetic.street_vehicles import BODIES, vehicle

HEIGHTS = {
    "car": (1.3, 1.8),
    "truck": (2.5, 4),
    "bus": (2.5, 4),
    "train": (3, 4.5),
    "caravan": (2, 3),
    "trailer": (1, 2),
}


@pytest.mark.parametrize("label", BODIES)
@pytest.mark.parametrize("across", [False, True])
def test_vehicles_have_their_size_in_either_direction(label: str, across: bool):
    thing = vehicle(np.random.default_rng(0), label, 2.0, 20.0, across)
    low, high = HEIGHTS[label]
    assert thing.points[:, 1].min() == 0
    assert low <= thing.points[:, 1].max() <= high
    wide, _, deep = np.ptp(thing.points, axis=0).tolist()
    expected = (BODIES[label].width, BODIES[label].length)
    assert (wide, deep) == pytest.approx(expected[::-1] if across else expected)
    assert thing.depth == pytest.approx(20.0)
    assert thing.solid


@pytest.mark.parametrize("label", BODIES)
@pytest.mark.parametrize("x", [-4.0, 0.3, 4.0])
def test_the_middle_of_each_detail_lies_within_the_hull_that_is_seen(label: str, x: float):
    thing = vehicle(np.random.default_rng(0), label, x, 12.0)
    hull = cv2.convexHull((1000 * thing.points[:, :2] / thing.points[:, 2:]).astype(np.float32))
    assert len(thing.details) >= 4
    for detail in thing.details:
        u, v = (1000 * detail.points[:, :2] / detail.points[:, 2:]).mean(axis=0).tolist()
        assert cv2.pointPolygonTest(hull, (u, v), False) > 0
