import numpy as np
import pytest

from maskwright.annotations.taxonomy.riders import OVERLAP, find_riders

# 100 wide and 60 high, from (100, 200).
BICYCLE = (100, 200, 200, 260)


def test_a_cyclist_seen_from_the_side_rides():
    assert find_riders([(130, 150, 170, 250)], [BICYCLE]).tolist() == [True]


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ((210, 140, 250, 260), "beside it"),
        ((190, 140, 230, 260), "beside it, a quarter of the way in"),
        ((130, 205, 170, 255), "behind a large bicycle, wholly inside its box"),
        ((130, 190, 150, 225), "far behind, the head just above it"),
        ((50, 100, 250, 400), "in front of it, much larger"),
        ((130, 150, 130, 250), "a box without area"),
    ],
)
def test_a_person_does_not_ride_what_it_is_only_near_to(person: tuple[float, ...], why: str):
    assert find_riders([person], [BICYCLE]).tolist() == [False], why


def test_the_threshold_is_the_share_of_the_lower_half_and_belongs_to_it():
    wide = 40
    inside = OVERLAP * wide
    at = (200 - inside, 160, 200 - inside + wide, 240)
    beyond = (at[0] + 0.5, *at[1:])
    beyond = (beyond[0], beyond[1], beyond[0] + wide, beyond[3])
    assert find_riders([at, beyond], [BICYCLE]).tolist() == [True, False]


def test_two_persons_may_ride_one_motorcycle_and_one_of_many_is_enough():
    persons = [(120, 150, 150, 250), (150, 150, 180, 245), (400, 100, 440, 220)]
    assert find_riders(persons, [(0, 0, 5, 5), BICYCLE]).tolist() == [True, True, False]


def test_without_persons_or_two_wheelers_nobody_rides():
    assert find_riders(np.zeros((0, 4)), [BICYCLE]).shape == (0,)
    assert find_riders([(130, 150, 170, 250)], np.zeros((0, 4))).tolist() == [False]


def test_size_and_place_of_the_picture_do_not_matter():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (400, 2, 2))
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    found = find_riders(boxes[:200], boxes[200:220])
    assert 0 < found.sum() < 200
    assert (find_riders(4 * boxes[:200] + 64, 4 * boxes[200:220] + 64) == found).all()
