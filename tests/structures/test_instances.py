import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.errors import DataError
from maskwright.structures import ClassTable, Instances

SIZE = (24, 30)


def three_instances() -> Instances:
    return Instances(
        (20, 30),
        np.array([[0, 0, 5, 5], [1, 1, 6, 6], [2, 2, 7, 7]]),
        np.array([1, 2, 3]),
        [{"size": [20, 30], "counts": name} for name in (b"a", b"b", b"c")],
        np.array([0.9, 0.8, 0.7], np.float32),
        np.array([False, True, False]),
    )


def instances(seed: int, count: int) -> Instances:
    rng = np.random.default_rng(seed)
    upper_left = rng.uniform(0, 15, (count, 2))
    boxes = np.concatenate([upper_left, upper_left + rng.uniform(0, 15, (count, 2))], axis=1)
    masks = [oracle.encode(np.asfortranarray(rng.integers(0, 2, SIZE).astype(np.uint8))) for _ in range(count)]
    return Instances(SIZE, boxes, rng.integers(1, 9, count), masks, rng.random(count).astype(np.float32))


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 5))
def test_instances_come_back_from_their_json(seed: int, count: int):
    written = instances(seed, count)
    read = Instances.from_coco(json.loads(json.dumps(written.to_coco(7, "7.png"))), SIZE)
    assert read == written


def test_records_are_those_of_coco_with_boxes_as_xywh():
    mask = np.zeros(SIZE, np.uint8)
    mask[2:5, 3:10] = 1
    rle = oracle.encode(np.asfortranarray(mask))
    one = Instances(SIZE, np.array([[3, 2, 10, 5]]), np.array([4]), [rle], np.array([0.5], np.float32))
    assert one.to_coco(42, "42.jpg") == [
        {
            "image_id": 42,
            "file_name": "42.jpg",
            "category_id": 4,
            "bbox": oracle.toBbox(rle).tolist(),
            "score": 0.5,
            "segmentation": {"size": [24, 30], "counts": rle["counts"].decode()},
        }
    ]


def test_an_image_without_detections_has_no_records():
    assert Instances.empty(SIZE).to_coco(1, "1.png") == []


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 5))
def test_annotations_come_back_from_their_json_as_truth(seed: int, count: int):
    written = instances(seed, count)
    written.crowd = np.arange(count) % 2 == 1
    records = json.loads(json.dumps(written.to_coco(7, first_id=100)))
    assert [each["id"] for each in records] == list(range(100, 100 + count))
    assert [each["area"] for each in records] == [int(oracle.area(rle)) for rle in written.masks]
    read = Instances.from_coco(records, SIZE)
    written.scores[:] = 1
    assert read == written


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 5))
def test_masks_of_pixels_are_those_of_pycocotools_and_come_back(seed: int, count: int):
    rng = np.random.default_rng(seed)
    pixels = rng.random((count, *SIZE)) < rng.random()
    written = Instances.from_dense(pixels, labels=range(1, count + 1), scores=rng.random(count))
    read = written.dense()
    assert read.shape == (count, *SIZE)
    assert read.dtype == np.bool_
    np.testing.assert_array_equal(read, pixels)
    assert written.areas.tolist() == pixels.sum(axis=(1, 2)).tolist()
    expected = [oracle.encode(np.asfortranarray(plane.astype(np.uint8))) for plane in pixels]
    assert written.masks == expected
    assert Instances.from_dense(read, written.labels, written.scores) == written


def test_a_record_without_a_box_takes_that_of_its_mask():
    found = instances(3, 2)
    records = [{key: value for key, value in each.items() if key != "bbox"} for each in found.to_coco(1)]
    x, y, width, height = oracle.toBbox(found.masks[1]).tolist()
    assert Instances.from_coco(records, SIZE).boxes[1].tolist() == [x, y, x + width, y + height]


@pytest.mark.parametrize(
    "segmentation",
    [
        [[0, 0, 5, 0, 5, 5]],
        {"size": [24, 30], "counts": [720]},
        {"size": [30, 24], "counts": "`f0"},
        None,
    ],
    ids=["polygon", "run lengths", "other size", "none"],
)
def test_what_is_no_compressed_mask_of_the_image_is_refused_with_its_record(segmentation: object):
    with pytest.raises(DataError, match=r"id 5\b"):
        Instances.from_coco([{"id": 5, "image_id": 1, "category_id": 1, "segmentation": segmentation}], SIZE)


def test_category_ids_of_the_classes_become_labels():
    table = ClassTable.from_names(["person", "dog"])
    mask = Instances.from_dense(np.ones((1, 2, 3)), labels=[1]).to_coco(1)[0]
    records = [{**mask, "category_id": number} for number in (2, 1)]
    assert Instances.from_coco(records, (2, 3), table).labels.tolist() == [2, 1]
    known = table.with_category_ids([2, 1])
    assert Instances.from_coco(records, (2, 3), known).labels.tolist() == [1, 2]
    with pytest.raises(DataError, match=r"category id 3; expected one of \[2, 1\]"):
        Instances.from_coco([{**mask, "category_id": 3}], (2, 3), known)


def test_instances_are_equal_when_every_field_is():
    first, second = three_instances(), three_instances()
    assert first == second
    assert first != second[[0, 2, 1]]
    assert first != "three instances"
    second.scores[1] = 0.75
    assert first != second


def test_masks_need_one_plane_for_each_object():
    with pytest.raises(ValueError, match=r"\(N, H, W\)"):
        Instances.from_dense(np.zeros(SIZE), labels=[1])


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (np.array([False, True, True]), [1, 2]),
        (np.array([2, 0]), [2, 0]),
        (slice(1, None), [1, 2]),
        (1, [1]),
        (np.zeros(3, np.bool_), []),
    ],
    ids=["bool mask", "order", "slice", "one", "none"],
)
def test_slicing_instances_slices_every_field_together(which: object, expected: list[int]):
    everything = three_instances()
    chosen = everything[which]
    assert chosen.size == (20, 30)
    assert chosen.labels.tolist() == [everything.labels[i] for i in expected]
    assert chosen.boxes.tolist() == [everything.boxes[i].tolist() for i in expected]
    assert chosen.masks == [everything.masks[i] for i in expected]
    assert chosen.scores.tolist() == [everything.scores[i] for i in expected]
    assert chosen.crowd.tolist() == [everything.crowd[i] for i in expected]


def test_fields_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Instances((20, 30), np.zeros((2, 4), np.float32), np.array([1]), [])


def test_truth_without_scores_is_certain_and_no_crowd():
    truth = Instances((20, 30), np.zeros((1, 4)), np.array([1]), [{"size": [20, 30], "counts": b""}])
    assert truth.scores.tolist() == [1.0]
    assert truth.crowd.tolist() == [False]


def test_an_image_without_objects_has_boxes_of_shape_0_4():
    assert Instances.empty((20, 30)).boxes.shape == (0, 4)


def test_classes_are_kept_by_slices_and_belong_to_no_single_object():
    table = ClassTable.from_names(["person", "dog", "cat"])
    plain, named = three_instances(), three_instances()
    assert plain.classes is None
    named.classes = table
    for which in (slice(1, None), np.array([True, False, True]), 0, []):
        assert named[which].classes is table
    assert named == plain
    assert Instances.empty((20, 30), table).classes is table
    assert Instances.from_dense(np.ones((1, 2, 3)), [1], classes=table).classes is table
    assert Instances.from_coco(instances(0, 2).to_coco(1), SIZE, table).classes is table


def test_instances_are_pickled_with_their_classes():
    named = three_instances()
    named.classes = ClassTable.from_names(["person", "dog", "cat"])
    read = pickle.loads(pickle.dumps(named))
    assert (read, read.classes) == (named, named.classes)


def test_what_was_pickled_without_classes_has_none():
    old = three_instances()
    del old.__dict__["classes"]
    read = pickle.loads(pickle.dumps(old))
    assert read.classes is None
    assert read[1:] == three_instances()[1:]
