"""Errors of single images by hand; against hotcoco on invented data in ``test_tide``."""

from typing import Any

import numpy as np
import pytest

from maskwright.evaluation.coco.matches import image_matches
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
    matched = image_matches({"id": 3, "height": 100, "width": 100}, [truth], found, "bbox", 0.5)
    return image_errors([truth], found, matched, "bbox", 0.5, 0.1)


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


def test_a_crowd_is_nothing_that_mending_finds():
    found = errors((2, PLACE), (1, [0.0, 10.0, 20.0, 20.0]), (1, [0.0, 0.0, 15.0, 20.0]), crowd=True)
    assert found.kind.tolist() == [BACKGROUND_ERROR, LOCALISATION_ERROR]
    assert found.fixes.tolist() == [-1, -1]


def test_images_joined_keep_their_own_objects():
    one, none, two = errors((2, PLACE)), errors(), errors((1, FAR), (1, SHIFTED))
    whole = DetectionErrors.merged([one, none, two])
    assert whole.kind.tolist() == [CLASS_ERROR, BACKGROUND_ERROR, LOCALISATION_ERROR]
    assert whole.fixes.tolist() == [0, -1, 2]
    assert np.isnan(whole.matches.found_at).all()
    assert len(DetectionErrors.merged([]).kind) == 0
