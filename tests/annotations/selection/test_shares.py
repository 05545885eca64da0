import json

import pytest

from maskwright.annotations.selection.shares import ClassShares, class_shares

COUNTS = {**{i: {0: 1} for i in range(8)}, 8: {0: 5, 1: 2}, 9: {}, 10: {}}


@pytest.fixture
def shares() -> ClassShares:
    """Nine images with dogs, one of them with a cat too, and two without objects, in halves."""
    parts = {"train": [0, 1, 2, 3, 4, 5, 9], "test": [6, 7, 8, 10]}
    return class_shares(["dog", "cat", "cow"], COUNTS, parts, (1, 1))


def test_images_and_instances_are_counted_by_class_and_part(shares: ClassShares):
    assert shares.images.tolist() == [[6, 3], [0, 1], [0, 0], [1, 1]]
    assert shares.instances.tolist() == [[6, 7], [0, 2], [0, 0], [0, 0]]
    assert (shares.sizes, shares.asked) == ([7, 4], [0.5, 0.5])


def test_deviations_are_of_classes_with_enough_images_for_every_part(shares: ClassShares):
    assert shares.least_images == 2
    assert {(d.name, d.part): round(d.points, 3) for d in shares.deviations("images")} == {
        ("dog", "train"): 16.667,
        ("dog", "test"): 16.667,
    }
    assert [round(d.share, 4) for d in shares.deviations("instances")] == [0.4615, 0.5385]


@pytest.mark.parametrize(("ratios", "least"), [((8, 1, 1), 10), ((1, 1, 1), 3), ((0.7, 0.3), 4)])
def test_the_least_number_of_images_gives_every_part_one(ratios, least: int):
    parts = {str(part): [] for part in range(len(ratios))}
    assert class_shares(["dog"], {}, parts, ratios).least_images == least


def test_classes_that_a_part_lacks_are_named(shares: ClassShares):
    assert shares.absent() == {"train": ["cat"], "test": []}


def test_the_json_holds_every_count_and_the_worst_deviation(shares: ClassShares):
    value = json.loads(json.dumps(shares.to_json(), allow_nan=False))
    assert value["classes"]["dog"]["parts"]["test"] == {
        "images": 3,
        "instances": 7,
        "images_share": pytest.approx(1 / 3),
        "instances_share": pytest.approx(7 / 13),
    }
    assert value["classes"]["cow"]["parts"]["test"]["images_share"] is None
    assert value["without_objects"]["images"] == 2
    assert value["deviation"]["images"]["worst"] == {
        "class": "dog",
        "part": "train",
        "share": pytest.approx(2 / 3),
        "asked": 0.5,
        "points": pytest.approx(100 / 6),
    }
    assert value["deviation"]["instances"]["mean_points"] == pytest.approx(100 / 26)
    assert (value["deviation"]["least_images"], value["deviation"]["images"]["classes"]) == (2, 1)


def test_without_a_frequent_class_there_is_no_deviation():
    value = class_shares(["dog"], {1: {0: 1}, 2: {}}, {"a": [1], "b": [2]}, (1, 1)).to_json()
    assert value["deviation"]["images"] is None
