"""The street scenes: in front of the camera, from back to front, and as varied as promised."""

from collections import Counter

import numpy as np
import pytest

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS, LABELS
from maskwright.synthetic.street_scene import scene
from maskwright.synthetic.street_things import Thing

BY_NAME = {label.name: label for label in LABELS}


@pytest.fixture(scope="module")
def scenes() -> list[list[Thing]]:
    return [scene(np.random.default_rng(seed)) for seed in range(60)]


def _moving(things: list[Thing]) -> list[Thing]:
    return [each for each in things if each.label in BY_NAME and BY_NAME[each.label].has_instances]


def test_everything_is_in_front_of_the_camera(scenes: list[list[Thing]]):
    assert all(each.depth > 0 for things in scenes for each in things)
    assert min(each.depth for things in scenes for each in _moving(things)) > 5


def test_objects_come_from_back_to_front(scenes: list[list[Thing]]):
    for things in scenes:
        depths = [each.depth for each in _moving(things)]
        assert depths == sorted(depths, reverse=True)


def test_a_rider_follows_the_two_wheeler_of_its_pair(scenes: list[list[Thing]]):
    for things in scenes:
        pairs = Counter((each.pair, each.label == "rider") for each in things if each.pair)
        assert set(pairs.values()) <= {1}
        assert len(pairs) == 2 * len({pair for pair, _ in pairs})
        assert sum(each.label == "rider" for each in things) == len(pairs) / 2


def test_all_classes_and_groups_occur_and_with_unequal_frequency(scenes: list[list[Thing]]):
    counts = Counter(each.label for things in scenes for each in things)
    assert all(counts[label.name] > 5 for label in INSTANCE_LABELS)
    assert all(counts[f"{name}group"] > 5 for name in ("car", "person", "bicycle"))
    assert counts["car"] > 4 * counts["bus"]


def test_a_train_runs_on_a_rail_track(scenes: list[list[Thing]]):
    for things in scenes:
        labels = {each.label for each in things}
        assert ("train" in labels) == ("rail track" in labels)
