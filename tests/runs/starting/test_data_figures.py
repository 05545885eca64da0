"""Figures of COCO files, counted by hand."""

import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.recipes.fitting.figures import ClassFigures
from maskwright.runs.starting.data_figures import data_figures
from tests.conftest import CocoFactory

TWO = ({}, {"height": 100, "width": 40})


def test_objects_and_images_are_counted_by_class_without_crowds_and_boxes(coco: CocoFactory) -> None:
    path = coco(
        {}, {}, {"image_id": 2}, {"category_id": 2, "iscrowd": 1}, {"category_id": 2, "segmentation": []},
        {"category_id": 2, "segmentation": ..., "bbox": [0, 0, 5, 5]}, {"image_id": 2, "category_id": 2},
        images=TWO, categories={0: "things", 1: "person", 2: "dog"},
    )  # fmt: skip
    found = data_figures([read_coco(path)])
    assert found.classes == (ClassFigures("things", 0, 0), ClassFigures("person", 3, 2), ClassFigures("dog", 1, 1))
    assert (found.images, found.short_side, found.objects_per_image) == (2, 44, 2.0)


def test_sides_are_shares_of_the_short_side_by_box_or_else_by_mask(coco: CocoFactory) -> None:
    path = coco({"bbox": [0, 0, 24, 6]}, {"image_id": 2}, {"bbox": [0, 0, -1, 4]}, images=TWO)
    # 12 of 48 by the box; squares of 10 by 10 pixels on 40 and on 48.
    assert data_figures([read_coco(path)]).sides == pytest.approx((10 / 48, 10 / 40, 12 / 48))


def test_only_usable_images_count_and_parts_add_up_by_class_name(coco: CocoFactory) -> None:
    first = read_coco(coco({}, {"image_id": 2}, images=TWO))
    second = read_coco(coco({"category_id": 9}, categories={9: "person", 3: "cow"}, name="other.json"))
    found = data_figures([first, second], [{1}, {1}])
    assert found.images == 2
    assert found.classes == (ClassFigures("person", 2, 2), ClassFigures("dog", 0, 0), ClassFigures("cow", 0, 0))


def test_a_file_without_images_has_no_figures(coco: CocoFactory) -> None:
    found = data_figures([read_coco(coco(images=()))])
    assert (found.images, found.short_side, found.sides, found.side(0.5)) == (0, 0, (), 0)
