import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as oracle

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import BoxOnlyObject, ImageObjects, draw_objects
from maskwright.masks.rle import rasterise

H, W = 48, 64
COMPRESSED = oracle.encode(np.asfortranarray(np.eye(H, W, dtype=np.uint8)))["counts"].decode()


def drawn(path: Path, labels: dict[int, int] | None = None) -> tuple[ImageObjects, Audit]:
    """The objects of the file's first image, and the audit."""
    coco, audit = read_coco(path), Audit("labels.json")
    return draw_objects(coco.images[0], coco.annotations, {1: 1, 2: 2} if labels is None else labels, audit), audit


def rle(counts: Any, size: Any = (H, W)) -> dict[str, Any]:
    return {"size": list(size), "counts": counts}


@pytest.mark.parametrize(
    ("segmentation", "code"),
    [
        ([], "empty_segmentation"),
        (None, "empty_segmentation"),
        (..., "empty_segmentation"),
        ("", "empty_segmentation"),
        ("polygon", "unreadable_segmentation"),
        (5, "unreadable_segmentation"),
        ([[]], "bad_polygon"),
        ([[10, 10, 30, 30]], "bad_polygon"),
        ([[10, 10, 30, 30, 10, 30, 5]], "bad_polygon"),
        ([[10, 10, "30", 30, 10, 30]], "bad_polygon"),
        ([[10, 10, None, 30, 10, 30]], "bad_polygon"),
        ([[10, 10, True, 30, 10, 30]], "bad_polygon"),
        ([[10, 10, 10**400, 30, 10, 30]], "bad_polygon"),
        ([10, 10, 30, 10, 30, 30], "flat_polygon_list"),
        ({}, "rle_size"),
        ({"counts": [H * W]}, "rle_size"),
        (rle([H * W], (W, H)), "rle_size"),
        (rle([H * W], ("48", "64")), "rle_size"),
        (rle([H * W], (H, W, 1)), "rle_size"),
        (rle(COMPRESSED, (H + 1, W)), "rle_size"),
        (rle([100, 20, 5]), "rle_counts"),
        (rle([]), "rle_counts"),
        (rle([H * W, 1]), "rle_counts"),
        (rle([100, -20, H * W - 80]), "rle_counts"),
        (rle([1.5, H * W - 1.5]), "rle_counts"),
        (rle([2**62, 2**62, 2**62, 2**62, H * W]), "rle_counts"),
        (rle([2**70]), "rle_counts"),
        (rle(None), "rle_counts"),
        (rle({"a": 1}), "rle_counts"),
        (rle(""), "rle_counts"),
        (rle(COMPRESSED[:-3]), "rle_counts"),
        (rle(COMPRESSED + "1"), "rle_counts"),
        (rle("garbage, not counts"), "rle_counts"),
        (rle("é猫"), "rle_counts"),
        (rle("ooooooooooooooo0"), "rle_counts"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_segmentation_that_cannot_be_drawn_is_skipped_by_name(coco, segmentation: Any, code: str):
    objects, audit = drawn(coco({"id": 5, "segmentation": segmentation}, {"id": 6}))
    assert [(fault.code, fault.record) for fault in audit.faults] == [(code, 5)]
    assert "image 1" in str(audit.faults[0])
    assert audit.to_json()["faults"][0]["remedy"]
    assert objects.ids == [6]
    assert (audit.found, audit.used, dict(audit.skipped)) == (2, 1, {code: 1})
    assert audit.adds_up


@pytest.mark.parametrize(
    "text",
    ["[[1e999, 1, 9, 1, 9, 9]]", '{"size": [48, 64], "counts": "\udcff"}'],
    ids=["number beyond any float", "text that is not UTF-8"],
)
def test_a_segmentation_whose_json_cannot_be_decoded_is_skipped_by_name(coco, text: str):
    path = coco({"id": 5, "segmentation": "HERE"}, {"id": 6})
    content = path.read_text().replace('"HERE"', text)
    path.write_bytes(content.encode("utf-8", errors="surrogateescape"))
    objects, audit = drawn(path)
    assert [(fault.code, fault.record) for fault in audit.faults] == [("unreadable_segmentation", 5)]
    assert objects.ids == [6]
    assert audit.adds_up


def test_of_several_polygons_the_good_ones_are_drawn_and_the_others_counted(coco):
    square = [10, 10, 30, 10, 30, 30, 10, 30]
    objects, audit = drawn(coco({"segmentation": [square, [1, 1, 2, 2], []]}))
    assert objects.drawn[0].dropped_parts == 2
    assert objects.drawn[0].rle == rasterise([square], H, W).rle
    assert [(fault.code, fault.record) for fault in audit.faults] == [("dropped_parts", 1)]
    assert (audit.used, audit.adds_up) == (1, True)


@pytest.mark.parametrize(
    "segmentation",
    [[[100, 100, 120, 100, 120, 120]], [[5, 5, 5, 5, 5, 5]], rle([H * W])],
    ids=["outside", "point", "RLE"],
)
def test_an_object_that_covers_no_pixel_is_used_and_named(coco, segmentation: Any):
    objects, audit = drawn(coco({"segmentation": segmentation}))
    assert [fault.code for fault in audit.faults] == ["no_pixels"]
    assert [d.area for d in objects.drawn] == [0]
    assert (audit.used, audit.adds_up) == (1, True)


def test_categories_outside_the_classes_count_as_other_class(coco):
    objects, audit = drawn(coco({}, {"category_id": 2, "segmentation": []}, {}), labels={1: 1})
    assert objects.ids == [1, 3]
    assert (audit.used, dict(audit.skipped), audit.faults) == (2, {"other_class": 1}, [])
    assert audit.adds_up


def test_labels_crowd_and_areas_stand_beside_their_object(coco):
    objects, _ = drawn(coco({"id": 4}, {"id": 2, "category_id": 2, "iscrowd": 1, "area": 7.5}), labels={1: 9, 2: 3})
    assert (objects.ids, objects.labels, objects.crowd) == ([4, 2], [9, 3], [False, True])
    assert objects.areas == [100.0, 7.5]  # the file's own area, or that of the mask


def test_polygons_are_kept_as_they_stand_in_the_file_and_an_rle_is_not(coco):
    polygons = [[10, 10, 30.5, 10, 30, 30]]
    objects, _ = drawn(coco({"segmentation": polygons}, {"segmentation": rle(COMPRESSED)}, {"segmentation": []}))
    assert len(objects.outlines) == len(objects.ids) == 2
    assert objects.outlines[0] is not None
    assert json.loads(objects.outlines[0]) == polygons
    assert objects.outlines[1] is None


def test_boxes_are_those_of_the_file(coco):
    objects, audit = drawn(coco({"bbox": [9.25, 9.5, 11.5, 11.125]}, {"bbox": [0, 0, 64, 48], "iscrowd": 1}))
    assert objects.boxes == [[9.25, 9.5, 11.5, 11.125], [0, 0, 64, 48]]
    assert objects.instances().boxes.tolist() == [[9.25, 9.5, 20.75, 20.625], [0, 0, 64, 48]]
    assert audit.faults == []


@pytest.mark.parametrize("box", [..., None, [1, 2, 3], [30, 30, -5, 5]], ids=str)
def test_where_the_file_has_no_box_that_can_be_used_it_is_that_of_the_mask(
    coco, random_segmentations: Callable[[], list[Any]], box: Any
):
    objects, _ = drawn(coco(*({"segmentation": segmentation, "bbox": box} for segmentation in random_segmentations())))
    assert objects.boxes == [None] * 20
    instances = objects.instances()
    for i, (tight, rle_) in enumerate(zip(instances.boxes, instances.masks, strict=True)):
        rows, columns = np.nonzero(oracle.decode(rle_))
        assert tight.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert objects.box(i) == oracle.toBbox(rle_).tolist()


def test_an_object_without_a_pixel_keeps_its_box(coco):
    point = [[5, 5, 5, 5, 5, 5]]
    objects, audit = drawn(coco({"segmentation": point, "bbox": [4.5, 4.5, 1, 1]}, {"segmentation": point}))
    assert [fault.code for fault in audit.faults] == ["no_pixels", "no_pixels"]
    assert objects.instances().boxes.tolist() == [[4.5, 4.5, 5.5, 5.5], [0, 0, 0, 0]]


def test_an_object_with_a_box_and_no_mask_is_kept_apart_and_counted_as_skipped(coco):
    objects, audit = drawn(
        coco(
            {"id": 4, "segmentation": [], "bbox": [1, 2, 3, 4]},
            {"id": 5},
            {"id": 6, "segmentation": None, "bbox": [5, 6, 7, 8], "area": 30, "category_id": 2, "iscrowd": 1},
            {"id": 7, "segmentation": []},
        )
    )
    assert objects.ids == [5]
    assert objects.box_only == [
        BoxOnlyObject(4, 1, [1, 2, 3, 4], 12.0, False, place=0),
        BoxOnlyObject(6, 2, [5, 6, 7, 8], 30.0, True, place=1),
    ]
    assert (audit.used, dict(audit.skipped), audit.adds_up) == (1, {"empty_segmentation": 3}, True)


def test_relabelled_objects_keep_all_that_belongs_to_them(coco):
    objects, _ = drawn(
        coco(
            {"id": 1, "bbox": [0, 0, 1, 1]},
            {"id": 2, "bbox": [0, 0, 2, 2], "area": 7, "iscrowd": 1},
            {"id": 3, "segmentation": [], "bbox": [0, 0, 3, 3]},
            {"id": 4, "bbox": [0, 0, 4, 4], "segmentation": rle(COMPRESSED)},
            {"id": 5, "segmentation": [], "bbox": [0, 0, 5, 5]},
        )
    )
    few = objects.relabelled({2: 9, 4: 8, 5: 7})
    assert (few.ids, few.labels, few.crowd, few.areas) == ([2, 4], [9, 8], [True, False], [7, min(H, W)])
    assert few.boxes == [[0, 0, 2, 2], [0, 0, 4, 4]]
    assert few.drawn == [objects.drawn[1], objects.drawn[2]]
    assert few.outlines == [objects.outlines[1], None]
    assert few.box_only == [BoxOnlyObject(5, 7, [0, 0, 5, 5], 25.0, False, place=2)]
    assert [each.place for each in objects.relabelled({2: 1, 3: 1}).box_only] == [1]
    assert objects.ids == [1, 2, 4], "the objects themselves stay"


@pytest.fixture
def random_segmentations() -> Callable[[], list[Any]]:
    def make() -> list[Any]:
        rng = np.random.default_rng(0)
        return [[(rng.uniform(0, 1, (5, 2)) * (W, H)).round(1).ravel().tolist()] for _ in range(20)]

    return make


def test_an_image_without_objects_has_no_instances_but_a_size(coco):
    objects, audit = drawn(coco())
    assert len(objects.instances()) == 0
    assert objects.instances().size == (H, W)
    assert audit.adds_up
