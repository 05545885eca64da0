from typing import Any

import msgspec
import pytest
from hotcoco import mask as coco_mask

from maskwright.annotations.repair.boxes import mask_box, repair_boxes
from maskwright.annotations.repair.edit import Edit
from maskwright.masks.rle import rasterise
from tests.annotations.checks.scene import HEIGHT, SQUARE, WIDTH, annotation, batch, block


def mended(segmentation: Any, unread: frozenset[str] = frozenset(), **fields: Any) -> dict[str, Any]:
    read = annotation(segmentation, **fields)
    record = {"id": 1, "bbox": read.bbox, "area": read.area}
    edit = Edit.of("annotation", msgspec.Raw(msgspec.json.encode(record)))
    repair_boxes([(edit, read, set(unread))], {1: (HEIGHT, WIDTH)})
    return {repair.code: edit.value("area" if "area" in repair.code else "bbox") for repair in edit.repairs}


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (None, "missing_box"),
        ([1, 2, 3], "bad_box"),
        ([30, 30, -20, -20], "negative_box"),
        ([10, 10, 0, 0], "zero_box"),
        ([10, 10, 30, 30], "box_disagrees"),
        ([50, 40, 100, 100], "outside_box"),
    ],
    ids=str,
)
def test_a_faulty_box_becomes_that_of_the_polygons(box: Any, code: str):
    assert mended([SQUARE], bbox=box) == {code: [10, 10, 20, 20]}


def test_a_sound_box_and_area_stay():
    assert mended([SQUARE], bbox=[9.5, 10, 20, 20.25], area=390) == {}


def test_a_box_that_could_not_be_read_is_told_as_bad():
    assert mended([SQUARE], frozenset({"bad_box", "bad_area"}), bbox=None, area=None) == {
        "bad_box": [10, 10, 20, 20],
        "bad_area": 400,
    }


def test_a_missing_area_becomes_the_pixels_of_the_mask():
    triangle = [[3.3, 4.4, 40.1, 7.7, 20.2, 33.3]]
    assert mended(triangle, area=None, bbox=[3.3, 4.4, 36.8, 28.9]) == {
        "missing_area": int(coco_mask.area(rasterise(triangle, HEIGHT, WIDTH).rle))
    }


def test_an_area_that_merely_disagrees_stays():
    assert mended([SQUARE], area=4000) == {}


def test_the_box_of_polygons_ends_at_the_border_and_has_hundredths():
    assert mask_box(batch(annotation([[-5, 3.333333, 500, 3.333333, 500, 9]])), 0) == [0, 3.33, 64, 5.67]


def test_the_box_of_an_rle_is_that_of_its_pixels():
    assert mended(block(20, 10, 10, 30), bbox=None, area=300) == {"missing_box": [20, 10, 10, 30]}


@pytest.mark.parametrize("segmentation", [[], [[1, 2]], [[10, 10, 20, 10, 30, 10]], block(0, 0, 0, 0)], ids=str)
def test_what_draws_no_box_leaves_the_files(segmentation: Any):
    assert mended(segmentation, bbox=[10, 10, 0, 0]) == {}
