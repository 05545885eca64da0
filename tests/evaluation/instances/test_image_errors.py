"""Errors of single images by hand; against tidecv on invented data in ``tests/oracles/test_tide``."""

from typing import Any

import pytest

from maskwright.evaluation.instances.image_errors import (
    BACKGROUND_ERROR,
    CLASS_AND_LOCALISATION_ERROR,
    CLASS_ERROR,
    DUPLICATE_ERROR,
    LOCALISATION_ERROR,
    NO_ERROR,
    DetectionErrors,
    image_errors,
)

PLACE, SHIFTED, FAR = [10.0, 10.0, 20.0, 20.0], [20.0, 10.0, 20.0, 20.0], [60.0, 60.0, 20.0, 20.0]


def errors(*detections: tuple[int, list[float]], crowd: bool = False) -> DetectionErrors:
    """Of detections given as (class, box), most confident first, for one object of class 1 at PLACE."""
    truth = {"image_id": 3, "category_id": 1, "bbox": PLACE, "area": 400.0, "iscrowd": int(crowd)}
    found: list[dict[str, Any]] = [
        {"image_id": 3, "category_id": category, "bbox": box, "score": 0.9 - place / 10}
        for place, (category, box) in enumerate(detections)
    ]
    return image_errors([truth], found, "bbox", 0.5, 0.1)


@pytest.mark.parametrize(
    ("detections", "kinds", "mends"),
    [
        ([(1, PLACE)], [NO_ERROR], [-1]),
        ([(2, PLACE)], [CLASS_ERROR], [0]),
        ([(1, SHIFTED)], [LOCALISATION_ERROR], [0]),
        ([(2, SHIFTED)], [CLASS_AND_LOCALISATION_ERROR], [-1]),
        ([(1, FAR)], [BACKGROUND_ERROR], [-1]),
        ([(1, PLACE), (1, PLACE)], [NO_ERROR, DUPLICATE_ERROR], [-1, -1]),
        # What is found already needs no mending.
        ([(1, PLACE), (1, SHIFTED), (2, PLACE)], [NO_ERROR, LOCALISATION_ERROR, CLASS_ERROR], [-1, -1, -1]),
        # The most confident one would find it, whichever its error.
        ([(2, PLACE), (1, SHIFTED)], [CLASS_ERROR, LOCALISATION_ERROR], [0, -1]),
        ([(1, SHIFTED), (2, PLACE)], [LOCALISATION_ERROR, CLASS_ERROR], [0, -1]),
        ([], [], []),
    ],
)
def test_each_detection_has_one_kind_and_each_object_is_mended_once(detections: Any, kinds: Any, mends: Any):
    found = errors(*detections)
    assert found.kind.tolist() == kinds
    assert found.fixes.tolist() == mends


def test_a_crowd_is_no_object_that_a_detection_could_find():
    found = errors((2, PLACE), (1, [0.0, 10.0, 20.0, 20.0]), (1, SHIFTED), (1, PLACE), crowd=True)
    assert found.kind.tolist() == [BACKGROUND_ERROR] * 4
    assert found.fixes.tolist() == [-1] * 4
    assert len(found.found) == 0
    # More than half of a detection lies on the crowd of its class.
    assert found.on_crowd.tolist() == [False, False, False, True]


def test_of_two_equal_objects_the_first_is_found_first():
    truth = [
        {"image_id": 3, "category_id": 1, "bbox": PLACE, "area": 400.0, "iscrowd": crowd, "id": number}
        for number, crowd in enumerate((1, 0, 0))
    ]
    found = [{"image_id": 3, "category_id": 1, "bbox": PLACE, "score": 0.5}]
    assert image_errors(truth, found, "bbox", 0.5, 0.1).found.tolist() == [True, False]


def test_the_hundred_most_confident_detections_of_all_classes_count():
    found = errors(*[(1 + number % 2, FAR) for number in range(150)])
    assert len(found.kind) == 100
    assert found.score.min() == pytest.approx(0.9 - 99 / 10)


def test_images_joined_keep_their_own_objects():
    one, none, two = errors((2, PLACE)), errors(), errors((1, FAR), (1, SHIFTED))
    whole = DetectionErrors.merged([one, none, two])
    assert whole.kind.tolist() == [CLASS_ERROR, BACKGROUND_ERROR, LOCALISATION_ERROR]
    assert whole.fixes.tolist() == [0, -1, 2]
    assert whole.found.tolist() == [False] * 3
    assert len(DetectionErrors.merged([]).kind) == 0
