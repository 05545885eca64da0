"""The things of the drawn streets have the sizes of real ones and stand on the ground."""

import numpy as np
import pytest

from maskwright.synthetic.street_things import Thing, group, person, post, rider, tree, two_wheeler


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _height(thing: Thing) -> float:
    assert thing.points[:, 1].min() == pytest.approx(0, abs=0.03)
    return float(thing.points[:, 1].max())


@pytest.mark.parametrize("seed", range(20))
def test_people_and_two_wheelers_have_their_size(seed: int):
    assert 1.35 < _height(person(_rng(seed), 0.0, 9.0)) < 2.0
    ride, on_it = rider(_rng(seed), 1.0, 9.0, "bicycle", 7)
    assert 0.9 < _height(ride) < 1.3
    assert 1.6 < on_it.points[:, 1].max() < 2.0
    assert (ride.label, on_it.label, ride.pair, on_it.pair) == ("bicycle", "rider", 7, 7)
    assert on_it.depth < ride.depth
    assert np.ptp(two_wheeler(_rng(seed), 0.0, 9.0, "motorcycle").points[:, 0]) < 2.1


@pytest.mark.parametrize("seed", range(20))
def test_posts_stand_and_carry_what_their_label_says(seed: int):
    pole, *carried = post(_rng(seed), 1.0, 9.0)
    assert pole.label == "pole"
    assert _height(pole) > 3
    for each in carried:
        assert each.label in ("traffic sign", "traffic light")
        assert each.points[:, 1].min() > 2
        assert each.depth < pole.depth


@pytest.mark.parametrize("name", ["person", "car", "bicycle"])
def test_a_group_is_one_outline_as_wide_as_its_members(name: str):
    few, many = (group(_rng(), name, 0.0, 20.0, count) for count in (3, 7))
    assert few.label == many.label == f"{name}group"
    assert np.ptp(many.points[:, 0]) > 1.8 * np.ptp(few.points[:, 0])
    assert _height(many) < 2
    assert len(many.details) == 7


def test_a_tree_has_its_crown_on_a_trunk():
    thing = tree(_rng(), 0.0, 20.0)
    height = _height(thing)
    assert 4 < height < 11
    aside = np.abs(thing.points[:, 0])
    assert aside[thing.points[:, 1] < 1].max() < 0.5 < aside[thing.points[:, 1] > 0.6 * height].max()
