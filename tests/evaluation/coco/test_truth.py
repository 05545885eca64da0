import numpy as np
import pytest
from pycocotools import mask as oracle

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.truth import read_truth


def test_ids_run_from_1_in_file_order_and_the_files_ids_are_kept(coco):
    truth = read_truth(coco({"id": 7}, {"id": 0}, {"id": 3}))
    assert [each["id"] for each in truth.annotations] == [1, 2, 3]
    assert truth.file_ids == [7, 0, 3]


def test_area_and_box_are_the_files_and_else_the_masks(coco):
    truth = read_truth(coco({"area": 77.5, "bbox": [0, 0, 1, 1]}, {}, {"segmentation": ..., "bbox": [1, 2, 3, 4]}))
    assert [(each["area"], each["bbox"]) for each in truth.annotations] == [
        (77.5, [0, 0, 1, 1]),
        (100, [10, 10, 10, 10]),
        (12, [1, 2, 3, 4]),
    ]


def test_an_object_without_a_mask_counts_for_boxes_only(coco):
    truth = read_truth(coco({"id": 4, "segmentation": [], "bbox": [1, 1, 5, 5]}, {"id": 5}))
    assert truth.without_mask == [4]
    assert [each["id"] for each in truth.coco_dataset("bbox")["annotations"]] == [1, 2]
    assert [each["id"] for each in truth.coco_dataset("segm")["annotations"]] == [2]
    assert truth.has_masks
    assert truth.audit.used == 2


def test_an_object_with_neither_mask_nor_box_is_counted_and_named(coco):
    truth = read_truth(coco({"id": 4, "segmentation": []}, {"id": 5}))
    assert truth.audit.adds_up
    assert truth.audit.skipped == {"empty_segmentation": 1}
    assert "annotation 4" in truth.audit.lines()[0]


def test_drawn_masks_equal_pycocotools(coco):
    polygon = [[3.5, 2, 30, 5.25, 20, 40]]
    truth = read_truth(coco({"segmentation": polygon, "area": 1.0, "bbox": [3, 2, 27, 38]}))
    truth.draw_masks()
    expected = oracle.decode(oracle.frPyObjects(polygon, 48, 64)[0])
    np.testing.assert_array_equal(oracle.decode(truth.annotations[0]["segmentation"]), expected)


@pytest.mark.parametrize("complete", [{"area": 1.0, "bbox": [0, 0, 1, 1]}, {}])
@pytest.mark.parametrize(
    ("segmentation", "drawn"),
    [
        ({"size": [48, 64], "counts": [100, 50, 48 * 64 - 150]}, True),
        ({"size": [48, 64], "counts": [100, 50]}, False),
        ({"size": [64, 48], "counts": [48 * 64]}, False),
        ({"size": [48, 64], "counts": [100, -50, 48 * 64 - 50]}, False),
        ([[1, 1, 9, 1, 9, 9], [1, 2, 3]], True),
        ([[1, 1, 9, 1, 9]], False),
        ([["a", 1, 9, 1, 9, 9]], False),
    ],
)
def test_every_segmentation_is_checked_before_the_evaluator_sees_it(coco, segmentation, drawn: bool, complete):
    truth = read_truth(coco({"segmentation": segmentation, "iscrowd": 1} | complete))
    truth.draw_masks()
    assert [each["segmentation"]["size"] for each in truth.coco_dataset("segm")["annotations"]] == [[48, 64]] * drawn
    assert truth.audit.used == (drawn or bool(complete))


def test_a_polygon_that_would_take_forever_to_draw_is_not_given_to_the_evaluator(coco):
    far = [[0, 0, 1e12, 0, 1e12, 1e12]]
    truth = read_truth(coco({"segmentation": far, "area": 1.0, "bbox": [0, 0, 5, 5]}))
    assert truth.without_mask == [1]


def test_chosen_classes_alone_are_the_truth(coco):
    path = coco({"category_id": 2}, {}, categories={1: "person", 2: "dog", 7: "kite"})
    truth = read_truth(path, ["dog"])
    assert truth.names == {2: "dog"}
    assert truth.other_names == {1: "person", 7: "kite"}
    assert (truth.audit.used, truth.audit.skipped) == (1, {"other_class": 1})
    with pytest.raises(UsageError, match="Nearest: person"):
        read_truth(path, ["perso"])


def test_classes_of_one_name_are_told_apart_by_their_ids(coco):
    truth = read_truth(coco({}, categories={1: "dog", 2: "cat", 3: "dog"}))
    assert truth.labels() == {1: "dog (id 1)", 2: "cat", 3: "dog (id 3)"}


def test_images_are_found_by_id_name_and_bare_name_if_that_is_unique(coco):
    names = ["a/1.png", "b/1.png", "b/2.png"]
    index = read_truth(coco(images=[{"file_name": name} for name in names])).image_index()
    assert [index.find(9, name) for name in [*names, "2.png", "x/2.png", "1.png"]] == [1, 2, 3, 3, 3, None]


def test_a_file_without_an_image_is_no_truth(coco):
    with pytest.raises(DataError, match="lists no image"):
        read_truth(coco(images=[]))
