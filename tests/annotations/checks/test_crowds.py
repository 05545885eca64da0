from typing import Any

import pytest

from maskwright.annotations.checks.crowds import crowd_faults, crowds_as_holes
from maskwright.annotations.checks.measurements import annotation_batches
from maskwright.annotations.coco.file import read_coco
from tests.annotations.checks.scene import annotation, batch, block


def read_faults(path: Any) -> list[str]:
    (scene,) = annotation_batches(read_coco(path))
    return [fault.code for fault in crowd_faults(scene)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iscrowd": 0}, []),
        ({"iscrowd": False}, []),
        ({"iscrowd": ...}, ["missing_iscrowd"]),
        ({"iscrowd": None}, ["missing_iscrowd"]),
        ({"iscrowd": 1}, ["crowd_polygon"]),
        ({"iscrowd": True}, ["crowd_polygon"]),
        ({"iscrowd": 1, "segmentation": block(0, 0, 5, 5)}, []),
        ({"iscrowd": 2, "segmentation": block(0, 0, 5, 5)}, ["bad_iscrowd"]),
        ({"iscrowd": 1, "segmentation": []}, []),
        ({"ignore": 1}, ["ignore_flag"]),
        ({"ignore": True}, ["ignore_flag"]),
        ({"ignore": 0}, []),
        ({"ignore": None}, []),
        ({"ignore": 1, "iscrowd": 1, "segmentation": block(0, 0, 5, 5)}, []),
    ],
    ids=str,
)
def test_faults_of_the_crowd_flag(coco, changes: dict[str, Any], expected: list[str]):
    assert read_faults(coco(changes)) == expected


def holes(path: Any) -> list[tuple[str, Any]]:
    read = read_coco(path)
    (scene,) = annotation_batches(read)
    return [(fault.code, fault.record) for fault in crowds_as_holes(read, scene.bounds)]


HOLE = {"segmentation": block(14, 14, 3, 3), "iscrowd": 1}


def test_a_crowd_region_inside_an_object_of_its_class_is_a_hole(coco):
    assert holes(coco({}, HOLE)) == [("crowd_as_hole", 2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"category_id": 2},
        {"image_id": 2},
        {"iscrowd": 0},
        {"segmentation": block(17, 14, 9, 3)},
        {"segmentation": block(5, 5, 30, 30)},
        {"segmentation": block(0, 0, 0, 0)},
        {"segmentation": []},
    ],
    ids=str,
)
def test_a_crowd_region_anywhere_else_is_none(coco, changes: dict[str, Any]):
    assert holes(coco({}, HOLE | changes, images=[{}, {}])) == []


def test_a_region_in_the_box_of_an_object_but_not_in_its_mask_is_no_hole(coco):
    corner = [[10, 10, 40, 10, 10, 40]]
    assert holes(coco({"segmentation": corner}, HOLE | {"segmentation": block(34, 34, 4, 4)})) == []


def test_a_hole_is_told_once_though_it_lies_in_several_objects(coco):
    assert holes(coco({}, {}, HOLE)) == [("crowd_as_hole", 3)]


def test_the_message_names_the_object(coco):
    read = read_coco(coco({"id": 5}, HOLE | {"id": 9}))
    (scene,) = annotation_batches(read)
    (fault,) = crowds_as_holes(read, scene.bounds)
    assert str(fault) == "annotation 9 (image 1) is a crowd region that lies inside object 5"


def test_a_crowd_of_another_number_is_said_to_be_taken_for_a_crowd():
    (fault, _) = crowd_faults(batch(annotation(iscrowd=7)))
    assert fault.code == "bad_iscrowd"
    assert "has iscrowd 7" in fault.message
    assert "used as a crowd" in fault.message
