"""One outline, written so that pycocotools draws the object's mask of what is read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.annotations.faults import Audit
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.yolo_outline import to_yolo_outline
from tests.annotations.formats.examples import drawn, frame, outlined

# Tenths and halves are where COCO's rule rounds.
COORDINATES = st.integers(-50, 900).map(lambda tenth: tenth / 10) | st.floats(-5, 90, width=32)
POLYGONS = st.lists(COORDINATES, min_size=6, max_size=20).map(lambda points: points[: len(points) // 2 * 2])


def read_back(text: str, height: int, width: int) -> dict:
    points = np.array(text.split(), np.float64).reshape(-1, 2)
    assert points.min() >= 0
    assert points.max() <= 1
    return oracle.frPyObjects([(points * (width, height)).ravel().tolist()], height, width)[0]


@settings(max_examples=100)
@given(st.lists(POLYGONS, min_size=1, max_size=3), st.integers(1, 90), st.integers(1, 90))
def test_pycocotools_draws_the_outline_as_the_polygons(polygons: list[list[float]], height: int, width: int):
    each = outlined(polygons, height, width)
    text = to_yolo_outline(each, "keep", ConversionAudit(Audit("")))
    if text is None:
        assert each.area == 0
    else:
        assert read_back(text, height, width) == each.rle


def test_the_source_s_own_points_are_kept(account: ConversionAudit):
    text = to_yolo_outline(outlined([[12.55, 7.44, 40.06, 8.25, 20.65, 30.97]], 48, 64), "keep", account)
    assert text == "0.196094 0.155 0.625938 0.171875 0.322656 0.645208"
    assert account.changes == {}


def test_parts_that_overlap_are_outlined_along_their_pixels(account: ConversionAudit):
    polygons = [[2.0, 2.0, 20.0, 2.0, 20.0, 20.0, 2.0, 20.0], [10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0]]
    each = outlined(polygons, 48, 64)
    assert read_back(to_yolo_outline(each, "keep", account) or "", 48, 64) == each.rle
    assert account.changes == {"outlined": 1}


@pytest.mark.parametrize("island", [False, True])
def test_filled_holes_are_counted_with_their_pixels(account: ConversionAudit, island: bool):
    mask = frame()
    mask[3, 5] = island
    text = to_yolo_outline(drawn(mask), "fill", account) or ""
    filled = oracle.decode(read_back(text, *mask.shape))
    assert filled.sum() == 7 * 8
    assert account.changes == {"holes_filled": 1, "hole_pixels": 12 - island, "outlined": 1}


def test_an_image_of_a_hundred_thousand_columns_is_outlined_to_the_pixel(account: ConversionAudit):
    mask = np.zeros((2, 100_000), np.uint8)
    mask[:, 33_333:77_777] = 1
    each = drawn(mask)
    assert read_back(to_yolo_outline(each, "keep", account) or "", *mask.shape) == each.rle
