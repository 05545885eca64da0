"""The camera's view: perspective, clipping, occlusion, and what is left out."""

import cv2
import numpy as np
import pytest

from maskwright.synthetic.street_things import Thing
from maskwright.synthetic.street_view import horizon, instance_ids, label_ids, view

SIZE = (128, 256)


def _board(label: str, x: float, z: float, width: float = 2.0, height: float = 2.0, pair: int = 0) -> Thing:
    left, right = x - width / 2, x + width / 2
    corners = [(left, 0, z), (right, 0, z), (right, height, z), (left, height, z)]
    return Thing(label, np.array(corners, np.float64), (90, 90, 90), pair=pair)


def _objects(*things: Thing) -> dict[int, int]:
    """Pixels of each object of an instance image."""
    ids = instance_ids(*view(list(things), *SIZE))
    values, counts = np.unique(ids[ids >= 1000], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_what_is_twice_as_far_is_half_as_large():
    near, far = (_objects(_board("car", 0, z))[26000] for z in (10, 20))
    assert near == pytest.approx(4 * far, rel=0.1)


def test_objects_at_the_height_of_the_camera_meet_the_horizon():
    outlines, _ = view([_board("car", 0, z, height=1.3) for z in (40, 20, 10)], *SIZE)
    assert {int(each.polygon[:, 1].min()) for each in outlines if each.label == "car"} == {horizon(SIZE[0])}


def test_later_things_hide_earlier_ones():
    hidden = _objects(_board("car", 0, 20), _board("bus", 1, 10))
    alone = _objects(_board("car", 0, 20))
    assert hidden[28000] == _objects(_board("bus", 1, 10))[28000]
    assert 0 < hidden[26000] < alone[26000]


def test_what_would_show_too_little_is_left_out_and_numbers_have_no_gap():
    behind, front = _board("car", 0, 20), _board("car", 0, 8, 2.4, 2.4)
    assert _objects(behind, front) == _objects(front)


def test_of_a_pair_both_are_shown_or_neither():
    bicycle, rider = _board("bicycle", 0, 20, pair=1), _board("rider", 2.5, 19.9, pair=1)
    assert set(_objects(bicycle, rider)) == {25000, 33000}
    assert set(_objects(bicycle, rider, _board("bus", 0, 10, 3, 3))) == {28000}
    outside = _board("rider", -60, 19.9, pair=1)
    assert not _objects(bicycle, outside)


def test_a_group_has_the_id_of_its_members_and_no_number():
    outlines, index = view([_board("cargroup", 0, 20), _board("polegroup", 4, 20)], *SIZE)
    ids = instance_ids(outlines, index)
    assert (ids == 26).sum() > 100
    assert (ids == 18).sum() > 100
    assert ids.max() < 1000
    assert np.array_equal(ids, label_ids(outlines, index))


@pytest.mark.parametrize(("x", "height"), [(-4.0, 2.0), (5.0, 2.0), (0.0, 9.0), (-4.0, 9.0)])
def test_a_polygon_is_cut_where_the_picture_ends(x: float, height: float):
    corners = [(x - 2, 0.1, 8.0), (x + 1, 0.0, 8.0), (x + 2, height, 8.0), (x - 1, height + 1, 8.0)]
    outlines, _ = view([Thing("truck", np.array(corners), (90, 90, 90))], *SIZE)
    (polygon,) = [each.polygon for each in outlines if each.label == "truck"]
    assert polygon.min() >= 0
    assert (polygon.max(0) <= (SIZE[1] - 1, SIZE[0] - 1)).all()
    whole = np.array([(128 + 281.6 * a / c, horizon(SIZE[0]) + 281.6 * (1.3 - b) / c) for a, b, c in corners])
    frame = np.array([(0, 0), (SIZE[1] - 1, 0), (SIZE[1] - 1, SIZE[0] - 1), (0, SIZE[0] - 1)])
    expected, _ = cv2.intersectConvexConvex(whole.astype(np.float32), frame.astype(np.float32))
    assert cv2.contourArea(polygon.astype(np.int32)) == pytest.approx(expected, rel=0.03)


def test_the_car_with_the_camera_and_the_border_lie_before_everything():
    outlines, index = view([_board("building", 0, 3, 50, 50)], *SIZE)
    ids = label_ids(outlines, index)
    border = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]])
    assert set(border.tolist()) == {3}
    assert set(np.unique(ids).tolist()) == {1, 2, 3, 11}
