import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.distances import (
    LIMITS,
    Distance,
    add_distance_scores,
    count_without_distance,
    match_within_limits,
    outside_limit,
    read_distances,
)
from maskwright.evaluation.cityscapes.matching import (
    CLASS_OF_LABEL,
    CityscapesMatches,
    PredictedObjects,
    TrueObjects,
    match_predictions,
)

CAR = CLASS_OF_LABEL[26]
FRAME = "aachen_000000_000019"
NEAR, FAR, VERY_FAR = Distance(20, 0.9), Distance(70, 0.9), Distance(200, 0.9)


def cars(*objects: tuple[int, int]) -> TrueObjects:
    """Cars as (id, pixels)."""
    ids, pixels = (np.array(column, np.int64) for column in zip(*objects, strict=True))
    return TrueObjects(ids, np.full(len(ids), CAR), pixels)


def predictions(*rows: tuple[int, list[int]]) -> PredictedObjects:
    """Cars as (pixels, pixels shared with each object), less and less confident."""
    pixels, shared = zip(*rows, strict=True)
    labels, void = np.full(len(rows), CAR), np.zeros(len(rows), np.int64)
    return PredictedObjects(labels, np.linspace(0.9, 0.1, len(rows)), np.array(pixels), void, np.array(shared))


def outcomes(verdicts: CityscapesMatches) -> list[str]:
    """At an overlap of 0.5."""
    names = {(True, False): "right", (False, True): "wrong", (False, False): "ignored"}
    return [names[bool(r), bool(w)] for r, w in zip(verdicts.right[0], verdicts.wrong[0], strict=True)]


def test_the_limits_are_the_official_ones():
    assert [(each.name, each.metres, each.confidence, each.pixels) for each in LIMITS] == [
        ("100m", 100, 0.5, 1000),
        ("50m", 50, 0.5, 1000),
    ]


@pytest.mark.parametrize(
    ("distance", "pixels", "counts"),
    [
        (Distance(50, 0.5), 1000, ["100m", "50m"]),
        (Distance(50.01, 0.5), 1000, ["100m"]),
        (Distance(100, 1), 1000, ["100m"]),
        (Distance(100.01, 1), 1000, []),
        (Distance(10, 0.49), 1000, []),
        (Distance(10, 1), 999, []),
    ],
)
def test_an_object_counts_that_is_near_and_surely_so_and_large(distance: Distance, pixels: int, counts: list[str]):
    one = cars((26000, pixels))
    found = match_within_limits(one, predictions((pixels, [pixels])), {26000: distance})
    assert [name for name, verdicts in found.items() if verdicts.objects[CAR]] == counts
    # Who finds one that does not count is neither right nor wrong.
    expected = {name: ["right"] if name in counts else ["ignored"] for name in ("100m", "50m")}
    assert {name: outcomes(verdicts) for name, verdicts in found.items()} == expected


def test_a_prediction_mostly_on_objects_that_do_not_count_is_spared_and_on_those_that_do_is_wrong():
    both = cars((26000, 9000), (26001, 9000))
    missing_both = predictions((1000, [600, 0]), (1000, [0, 600]))
    found = match_within_limits(both, missing_both, {26000: NEAR, 26001: FAR})
    assert {name: outcomes(verdicts) for name, verdicts in found.items()} == {
        "100m": ["wrong", "wrong"],
        "50m": ["wrong", "ignored"],
    }


def test_of_a_far_group_every_pixel_is_ignored_twice_as_by_the_official_script():
    group, third = cars((26, 9000)), predictions((1000, [300]))
    assert outcomes(match_within_limits(group, third, {26: NEAR})["50m"]) == ["wrong"]
    assert outcomes(match_within_limits(group, third, {26: FAR})["50m"]) == outcomes(
        match_within_limits(group, third, {})["50m"]
    )
    assert outcomes(match_within_limits(group, third, {26: FAR})["50m"]) == ["ignored"]  # 600 of 1000


def test_ap_of_a_street_by_hand():
    # Near and found; farther and missed; far, near but not surely so, near but small: all three found.
    street = cars((26000, 2000), (26001, 2000), (26002, 2000), (26003, 2000), (26004, 999))
    found = predictions(*((int(street.pixels[i]), [0] * 5) for i in (0, 2, 3, 4)))
    for row, i in enumerate((0, 2, 3, 4)):
        found.shared[row, i] = street.pixels[i]
    distances = {26000: NEAR, 26001: FAR, 26002: VERY_FAR, 26003: Distance(20, 0.4), 26004: NEAR}
    verdicts = match_within_limits(street, found, distances)
    scores = add_distance_scores(
        instance_scores([match_predictions(street, found)]), {name: [each] for name, each in verdicts.items()}
    )
    # All of it precise: AP is the share that was found.
    assert [scores[key] for key in ("AP", "AP_100m", "AP50_100m", "AP_50m", "AP50_50m")] == pytest.approx(
        [0.8, 0.5, 0.5, 1.0, 1.0]
    )
    car = scores["classes"]["car"]
    assert [car[key] for key in ("AP", "AP_100m", "AP_50m")] == pytest.approx([0.8, 0.5, 1.0])
    assert [car[key] for key in ("objects", "objects_100m", "objects_50m")] == [5, 2, 1]
    assert scores["classes"]["bus"]["AP_50m"] is None
    assert re.search("100 and 50 m: those of at least 1000 pixels", scores["protocol"])


def test_objects_without_a_distance_are_counted_and_are_not_near():
    street = cars((26, 9000), (26000, 2000), (26001, 2000), (26002, 50))
    distances = {26000: NEAR, 26001: Distance(-1, 0)}
    # Not the group, which is no object; the small one has no distance either.
    assert count_without_distance(street, distances) == 2
    assert outside_limit(street, LIMITS[0], distances).tolist() == [True, False, True, True]


def write(folder: Path, value: Any) -> Path:
    path = folder / "distances.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_distances_are_by_frame_and_instance_id(tmp_path: Path):
    content = {FRAME: {"26001": {"distance": 12.5, "confidence": 0.75}, "24000": {"distance": 0, "confidence": 1}}}
    expected = {FRAME: {26001: Distance(12.5, 0.75), 24000: Distance(0, 1)}}
    assert read_distances(write(tmp_path, content)) == expected
    # Whatever follows the frame, and whatever folders come before it.
    named = {f"/data/val/{FRAME}_gtFine_instanceIds.png": content[FRAME], "C:\\val\\ulm_000000_000019.png": {}}
    assert read_distances(write(tmp_path, named)) == expected | {"ulm_000000_000019": {}}


def test_the_instances_of_the_official_script_are_read_too(tmp_path: Path):
    rows = [
        {"instID": 26001, "labelID": 26, "pixelCount": 9, "medDist": 12.5, "distConf": 0.75},
        {"instID": 26, "labelID": 26, "pixelCount": 9, "medDist": -1, "distConf": 0.0},
    ]
    content = {f"/data/{FRAME}_gtFine_instanceIds.png": {"car": rows, "road": [{"instID": 7}], "bus": []}}
    assert read_distances(write(tmp_path, content)) == {
        FRAME: {26001: Distance(12.5, 0.75), 26: Distance(-1, 0), 7: Distance(-1, 0)}
    }


GOOD = {"distance": 1.0, "confidence": 1.0}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no distances"),
        ([], "no distances"),
        ({FRAME: {"26001": {"distance": 1.0}}}, "confidence"),
        ({FRAME: {"26001": GOOD | {"distance": "near"}}}, "no distances"),
        ({FRAME: {"26001": GOOD | {"distance": -2.0}}}, f"{FRAME}, instance 26001: the distance -2"),
        ({FRAME: {"26001": GOOD | {"confidence": 1.5}}}, "the confidence 1.5"),
        ({FRAME: {"car": GOOD}}, "'car' is no instance id"),
        ({"photo.jpg": {}}, "'photo.jpg' is no frame"),
        ({FRAME: {}, f"{FRAME}.png": {}}, f"are both of {FRAME}"),
    ],
)
def test_what_is_no_distance_is_named_with_what_was_expected(tmp_path: Path, content: Any, words: str):
    with pytest.raises(DataError, match=r"distances\.json: ") as raised:
        read_distances(write(tmp_path, content))
    assert words in str(raised.value)
    assert "expected" in str(raised.value)


def test_a_missing_file_is_a_usage_error(tmp_path: Path):
    with pytest.raises(UsageError, match="expected the distances file"):
        read_distances(tmp_path / "distances.json")
