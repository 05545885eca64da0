import math
from typing import Any

import pytest

from maskwright.annotations.checks.segmentations import segmentation_faults
from tests.annotations.checks.scene import SQUARE, annotation, batch, column


def codes(segmentation: Any) -> list[str]:
    return [fault.code for fault in segmentation_faults(batch(annotation(segmentation)))]


def circle(points: int, radius: float = 10) -> list[float]:
    angles = [2 * math.pi * number / points for number in range(points)]
    return [value for angle in angles for value in (30 + radius * math.cos(angle), 24 + radius * math.sin(angle))]


@pytest.mark.parametrize(
    ("segmentation", "expected"),
    [
        ([SQUARE], []),
        ([SQUARE, [40, 10, 50, 10, 50, 20]], []),
        (column(10, 10, 20), []),
        (None, ["empty_segmentation"]),
        ([], ["empty_segmentation"]),
        (SQUARE, ["flat_polygon_list"]),
        ([[10, 10, 30, 30]], ["bad_polygon"]),
        ([SQUARE, [1, 1, 2, 2]], ["dropped_parts"]),
        (column(0, 0, 20) | {"size": [64, 48]}, ["rle_size"]),
        (column(0, 0, 20) | {"counts": [3]}, ["rle_counts"]),
        (column(0, 0, 0), ["no_pixels"]),
        ([[10, 10, 20, 10, 30, 10]], ["collinear_polygon"]),
        ([[10, 10, 20, 20, 15, 15], [5, 5, 5, 9, 5, 7]], ["collinear_polygon"]),
        ([[10.1, 10.1, 10.3, 10.1, 10.3, 10.3]], ["no_pixels"]),
        ([[200, 10, 220, 10, 220, 30]], ["outside_polygon", "no_pixels"]),
        ([[-50, -50, 500, -50, 500, 500, -50, 500]], ["outside_polygon"]),
        ([[0, 0, 64.9, 0, 64.9, 48.9, 0, 48.9]], []),
        ([SQUARE, [60, 10, 70, 10, 70, 20]], ["outside_polygon"]),
        ([[10, 10, 30, 30, 30, 10, 10, 30]], ["crossing_polygon"]),
        ([circle(150)], []),
        ([circle(1500)], ["dense_polygon"]),
        ([circle(4000), circle(4000, 5)], ["dense_polygon"]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_faults_of_a_segmentation(segmentation: Any, expected: list[str]):
    assert codes(segmentation) == expected


def test_a_sliver_that_covers_pixels_is_no_fault():
    assert codes([[10, 10, 40, 10, 40, 10.9, 10, 10.9]]) == []


def test_messages_say_how_far_and_how_much():
    found = {
        fault.code: fault.message
        for fault in segmentation_faults(
            batch(
                annotation([[-50, 0, 40, 0, 40, 40, -50, 40], [0, 0, 100, 0, 100, 10]]),
                annotation([[10, 10, 30, 30, 30, 10, 10, 30]]),
            )
        )
    }
    assert "reaches 50 pixels out of its image of 64×48" in found["outside_polygon"]
    assert "goes around 0 pixels, but covers 200" in found["crossing_polygon"]


def test_faults_of_one_code_come_in_file_order():
    scene = batch(*(annotation([[70, 10, 90, 10, 90, number]], number) for number in range(20, 30)))
    outside = [fault.record for fault in segmentation_faults(scene) if fault.code == "outside_polygon"]
    assert outside == list(range(20, 30))
