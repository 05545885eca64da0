from pathlib import Path

import pytest

from maskwright.annotations.checks.ids import id_faults, require_ids_from_zero
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.errors import DataError


def found(coco: CocoFile) -> list[tuple[str, str, int | None]]:
    return [(fault.code, fault.kind, fault.record) for fault in id_faults(coco)]


def test_positive_ids_are_no_fault(coco):
    assert found(read_coco(coco({}, {"id": 900100000544}))) == []


def test_the_id_zero_of_an_annotation_is_named_but_not_that_of_an_image(coco):
    path = coco({"id": 0, "image_id": 0}, images=[{"id": 0}])
    assert found(read_coco(path)) == [("id_zero", "annotation", 0)]


def test_negative_ids_are_named_in_every_list(coco):
    path = coco({"id": -1, "image_id": -2, "category_id": -3}, images=[{"id": -2}], categories={-3: "dog"})
    assert found(read_coco(path)) == [
        ("negative_id", "image", -2),
        ("negative_id", "category", -3),
        ("negative_id", "annotation", -1),
    ]


def test_a_file_without_annotations_is_told_apart_from_one_whose_annotations_are_all_bad(coco):
    assert found(read_coco(coco())) == [("no_annotations", "file", None)]
    assert found(read_coco(coco({"image_id": 9}))) == []


def test_an_id_that_float64_takes_for_another_is_long(coco):
    exact, more = 2**53, 2**53 + 1
    assert float(exact) == float(more)
    path = coco({"id": exact}, {"id": 2**70}, {"id": -more}, images=[{}, {"id": more}])
    assert found(read_coco(path)) == [
        ("long_id", "image", more),
        ("long_id", "annotation", 2**70),
        ("negative_id", "annotation", -more),
        ("long_id", "annotation", -more),
    ]


def test_the_evaluator_s_want_of_ids_from_zero_names_the_file_and_the_first_negative_one():
    require_ids_from_zero(Path("labels.json"), "image", [0, 1, 2**63 - 1])
    with pytest.raises(DataError, match=r"labels.json: image -2 has a negative id.*expected ids from 0 on"):
        require_ids_from_zero(Path("labels.json"), "image", [1, -2, -3])
