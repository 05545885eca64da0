"""Each change of the protocol alters what its words say, and leaves the protocol it is applied to as it was."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given
from hypothesis import strategies as st

from maskwright.evaluation.explanation.changes import CHANGES, can_matter
from maskwright.evaluation.explanation.scoring import Protocol


def rle(*boxes: tuple[int, int, int, int]) -> dict:
    """A mask of boxes (xywh); the pixels of an even number of boxes are holes."""
    mask = np.zeros((60, 80), np.uint8)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] ^= 1
    return coco_mask.encode(np.asfortranarray(mask))


def protocol() -> Protocol:
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 60, "width": 80} for i in (1, 2, 3)]
    ring = rle((10, 10, 20, 20), (15, 15, 10, 10))
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 2, "bbox": [10.0, 10.0, 20.0, 20.0], "area": 250.0, "iscrowd": 0,
         "segmentation": ring},
        {"id": 2, "image_id": 2, "category_id": 4, "bbox": [0.0, 0.0, 30.0, 30.0], "area": 900.0, "iscrowd": 1,
         "segmentation": rle((0, 0, 30, 30))},
    ]  # fmt: skip
    results = [
        {"image_id": 1, "category_id": 2, "score": 0.9, "bbox": [10.0, 10.0, 20.0, 20.0], "segmentation": ring},
        {"image_id": 2, "category_id": 4, "score": 0.2, "bbox": [0.0, 0.0, 8.0, 9.0],
         "segmentation": rle((0, 0, 8, 9), (20, 20, 3, 3))},
    ]  # fmt: skip
    return Protocol(images, annotations, results, {2: "dog", 4: "kite"}, [0, 7], "mask")  # type: ignore[arg-type]


def changed(name: str) -> Protocol:
    return CHANGES[name].apply(protocol())


def areas(records) -> list[int]:
    return [int(coco_mask.area(each["segmentation"])) for each in records]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_a_new_protocol_that_can_be_scored(name: str) -> None:
    before = protocol()
    kept = str(before)
    after = CHANGES[name].apply(before)
    assert str(before) == kept
    assert set(after.scores("segm")) == set(before.scores("segm"))


def test_crowds() -> None:
    assert [each["iscrowd"] for each in changed("crowds-as-objects").annotations] == [0, 0]
    assert [each["category_id"] for each in changed("crowds-removed").annotations] == [2]
    assert changed("crowds-removed").file_ids == [0]


def test_sizes_of_true_objects() -> None:
    assert [each["area"] for each in changed("true-size-by-box").annotations] == [400.0, 900.0]
    assert [each["area"] for each in changed("true-size-by-mask").annotations] == [300.0, 900.0]


def test_polygons_lose_holes_and_the_largest_one_all_parts_but_one() -> None:
    polygons, largest = areas(changed("masks-as-polygons").results), areas(changed("masks-as-largest-polygon").results)
    assert polygons[0] == largest[0] > 300
    assert polygons[1] > largest[1]
    assert areas(changed("true-masks-as-polygons").annotations)[0] == polygons[0]


def test_images() -> None:
    assert [image["id"] for image in changed("images-without-results").images] == [1, 2]
    assert [image["id"] for image in changed("images-without-objects").images] == [1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("category-ids-one-lower", []),
        ("category-ids-from-1", [2]),
        ("category-ids-from-0", []),
    ],
)
def test_category_ids(name: str, expected: list[int]) -> None:
    assert [each["category_id"] for each in changed(name).results] == expected


def test_image_ids() -> None:
    assert [each["image_id"] for each in changed("image-ids-one-on").results] == [2, 3]
    assert [each["image_id"] for each in changed("image-ids-one-back").results] == [1]


def test_numbers_of_detections_and_scores() -> None:
    assert len(changed("score-of-at-least-0.3").results) == 1
    assert changed("300-detections-a-class").limits == (1, 10, 300)
    assert changed("other-size-of-masks").area == "box"
    assert changed("boxes-as-corners").results[0]["bbox"] == [10.0, 10.0, 30.0, 30.0]


def test_changes_that_cannot_matter_are_not_tried() -> None:
    assert can_matter(CHANGES["crowds-as-objects"], protocol())
    assert not can_matter(CHANGES["crowds-as-objects"], changed("crowds-removed"))
    assert can_matter(CHANGES["annotation-id-0"], protocol())
    assert not can_matter(CHANGES["300-detections-a-class"], protocol())


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 999))
def test_masks_of_a_quarter_are_resized_twice_to_the_nearest_pixel(height: int, width: int, seed: int):
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    top, left = rng.integers(0, height), rng.integers(0, width)
    part = mask[top : top + rng.integers(0, 40), left : left + rng.integers(0, 40)]
    part[:] = rng.random(part.shape) < 0.8
    whole = protocol()
    found = {**whole.results[0], "segmentation": coco_mask.encode(np.asfortranarray(mask))}
    coarse = CHANGES["masks-at-quarter-size"].apply(replace(whole, results=[found])).results[0]["segmentation"]
    small = cv2.resize(mask, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_NEAREST)
    assert np.array_equal(coco_mask.decode(coarse), cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST))
