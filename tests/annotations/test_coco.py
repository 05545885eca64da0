import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.coco import CocoFile, category_names, read_coco
from maskwright.errors import DataError, UsageError


def faults(coco_file: CocoFile) -> list[tuple[str, str, Any]]:
    return [(fault.code, fault.kind, fault.record) for fault in coco_file.faults]


def test_a_sound_file_is_read_whole_and_without_faults(coco):
    read = read_coco(coco({}, {"category_id": 2, "iscrowd": 1, "bbox": [1, 2, 3, 4.5], "area": 7}))
    assert faults(read) == []
    assert [(i.id, i.file_name, i.height, i.width) for i in read.images] == [(1, "1.png", 48, 64)]
    assert category_names(read) == {1: "person", 2: "dog"}
    assert [(a.id, a.category_id, a.iscrowd, a.area) for a in read.annotations] == [(1, 1, 0, None), (2, 2, 1, 7.0)]


def test_zero_is_an_id_like_any_other(coco):
    path = coco({"id": 0, "image_id": 0, "category_id": 0}, images=[{"id": 0}], categories={0: "person"})
    read = read_coco(path)
    assert faults(read) == []
    assert [a.id for a in read.by_image()[0]] == [0]


def test_annotations_are_grouped_by_image_in_file_order_and_empty_images_are_there(coco):
    read = read_coco(coco({"id": 9}, {"id": 3}, {"id": 5, "image_id": 3}, images=[{}, {}, {}]))
    assert {image: [a.id for a in group] for image, group in read.by_image().items()} == {1: [9, 3], 2: [], 3: [5]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "1"}, "bad_annotation"),
        ({"id": 1.0}, "bad_annotation"),
        ({"id": None}, "bad_annotation"),
        ({"id": [1]}, "bad_annotation"),
        ({"image_id": "1"}, "bad_annotation"),
        ({"category_id": "1"}, "bad_annotation"),
        ({"image_id": ...}, "bad_annotation"),
        ({"category_id": ...}, "bad_annotation"),
        ({"bbox": [1, 2, None, 4]}, "bad_annotation"),
        ({"iscrowd": "no"}, "bad_annotation"),
        ({"image_id": 99}, "unknown_image"),
        ({"category_id": 99}, "unknown_category"),
        ({"id": 2}, "duplicate_id"),
    ],
    ids=str,
)
def test_an_annotation_that_does_not_fit_is_named_and_the_others_are_read(coco, changes: dict[str, Any], code: str):
    read = read_coco(coco({"id": 2}, changes, {"id": 3}))
    identity = changes.get("id", 2 if code == "duplicate_id" else None)
    if "id" not in changes:
        identity = 2
    assert [fault.code for fault in read.faults] == [code] if identity != 2 or "id" in changes else True
    assert len(read.annotations) + sum(fault.kind == "annotation" for fault in read.faults) == read.annotations_found == 3
