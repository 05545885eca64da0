from typing import Any

import pytest

from maskwright.annotations.checks.repeated_objects import repeated_objects
from maskwright.annotations.coco.file import read_coco


def test_an_object_that_is_there_again_is_named_with_the_first(coco):
    faults = list(repeated_objects(read_coco(coco({"id": 4}, {"id": 7}, {"id": 9}))))
    assert [(fault.code, fault.record) for fault in faults] == [("repeated_object", 7), ("repeated_object", 9)]
    assert str(faults[1]) == "annotation 9 (image 1) has the class and segmentation of annotation 4"


@pytest.mark.parametrize(
    "changes", [{"image_id": 2}, {"category_id": 2}, {"segmentation": [[1, 1, 9, 1, 9, 9]]}], ids=str
)
def test_another_image_class_or_segmentation_is_another_object(coco, changes: dict[str, Any]):
    assert list(repeated_objects(read_coco(coco({}, changes, images=[{}, {}])))) == []


@pytest.mark.parametrize("nothing", [[], [[]], None, ...], ids=str)
def test_annotations_without_a_segmentation_do_not_repeat_each_other(coco, nothing: Any):
    assert list(repeated_objects(read_coco(coco(*[{"segmentation": nothing}] * 3)))) == []


def test_a_file_without_annotations_has_no_repeats(coco):
    assert list(repeated_objects(read_coco(coco()))) == []
