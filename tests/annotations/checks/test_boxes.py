from typing import Any

import pytest

from maskwright.annotations.checks.boxes import area_faults, box_faults
from maskwright.annotations.checks.measurements import annotation_batches
from maskwright.annotations.coco.file import read_coco
from tests.annotations.checks.scene import SQUARE, annotation, batch, block, column


def codes_of_box(box: Any, segmentation: Any = ([*SQUARE],)) -> list[str]:
    return [fault.code for fault in box_faults(batch(annotation(segmentation, bbox=box)))]


def codes_of_area(area: float | None, segmentation: Any = ([*SQUARE],), **fields: Any) -> list[str]:
    return [fault.code for fault in area_faults(batch(annotation(segmentation, area=area, **fields)))]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([10, 10, 20, 20], []),
        ([9, 9, 22, 22], []),
        ([10, 10, 21, 21], []),
        ([5.5, 5.5, 29, 29], []),
        (None, ["missing_box"]),
        ([], ["bad_box"]),
        ([1, 2, 3], ["bad_box"]),
        ([1, 2, 3, 4, 5], ["bad_box"]),
        ([30, 30, -20, -20], ["negative_box"]),
        ([10, 10, 0, 20], ["zero_box"]),
        ([10, 10, 30, 30], ["box_disagrees"]),
        ([50, 40, 100, 100], ["outside_box", "box_disagrees"]),
        ([1e308, 0, 1e308, 5], ["outside_box", "box_disagrees"]),
    ],
    ids=str,
)
def test_faults_of_a_box(box: Any, expected: list[str]):
    assert codes_of_box(box) == expected


def test_a_box_that_ends_a_pixel_behind_the_border_counts_pixels_from_one():
    whole = [[0, 0, 64, 0, 64, 48, 0, 48]]
    assert codes_of_box([0, 0, 65, 49], whole) == []
    assert codes_of_box([0, 0, 66, 48], whole) == ["outside_box"]


def test_the_box_of_an_rle_is_that_of_its_pixels():
    assert codes_of_box([20, 10, 10, 30], block(20, 10, 10, 30)) == []
    assert codes_of_box([10, 20, 30, 10], block(20, 10, 10, 30)) == ["box_disagrees"]


def test_the_box_of_what_lies_inside_the_image_agrees_with_a_polygon_that_leaves_it():
    assert codes_of_box([0, 0, 64, 48], [[-50, -50, 500, -50, 500, 500, -50, 500]]) == []


def test_small_objects_may_be_off_by_some_pixels():
    assert codes_of_box([10, 10, 8, 8], [[10, 10, 13, 10, 13, 13]]) == []


def test_a_box_without_a_mask_is_judged_by_itself():
    assert codes_of_box([10, 10, 30, 30], []) == []
    assert codes_of_box([10, 10, -30, 30], []) == ["negative_box"]


def test_messages_give_both_boxes():
    (fault,) = box_faults(batch(annotation(bbox=[10, 10, 30.5, 30])))
    assert str(fault) == ("annotation 1 (image 1) has bbox [10, 10, 30.5, 30], but its mask lies in [10, 10, 20, 20]")


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (400, []),
        (399.5, []),
        (700, []),
        (0, ["area_disagrees"]),
        (100, ["area_disagrees"]),
        (4000, ["area_disagrees"]),
        (-1, ["bad_area"]),
        (None, ["missing_area"]),
    ],
)
def test_faults_of_an_area(area: float | None, expected: list[str]):
    assert codes_of_area(area) == expected


def test_the_rim_of_a_thin_object_is_most_of_it():
    assert codes_of_area(90, column(10, 10, 20)) == []
    assert codes_of_area(400, column(10, 10, 20)) == ["area_disagrees"]


def test_the_area_of_what_leaves_its_image_or_draws_nothing_is_not_judged():
    assert codes_of_area(400, [[-50, -50, 500, -50, 500, 500, -50, 500]]) == []
    assert codes_of_area(400, None) == []
    assert codes_of_area(400, column(0, 0, 0)) == []


def test_an_area_that_is_the_boxs_is_said_to_be():
    sliver = [[0, 0, 60, 0, 60, 40, 59, 1, 0, 1]]
    (fault,) = area_faults(batch(annotation(sliver, bbox=[0, 0, 60, 40], area=2400)))
    assert "has area 2400, that of its box; its mask covers about" in fault.message


def test_what_could_not_be_read_is_not_missing_too(coco):
    path = coco({"bbox": "none", "area": "large"}, {"bbox": None, "area": None})
    read = read_coco(path)
    known = {(fault.code, fault.record) for fault in read.faults}
    assert known == {("bad_box", 1), ("bad_area", 1)}
    (scene,) = annotation_batches(read)
    assert [(fault.code, fault.record) for fault in box_faults(scene, known)] == [("missing_box", 2)]
    assert [(fault.code, fault.record) for fault in area_faults(scene, known)] == [("missing_area", 2)]
