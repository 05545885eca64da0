import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.evaluation.results.convert import from_results, to_results
from maskwright.structures import Instances

SIZE = (24, 30)


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
    read = from_results(json.loads(json.dumps(to_results(written, 7, "7.png"))), SIZE)
    assert read.size == SIZE
    assert read.labels.tolist() == written.labels.tolist()
    assert read.scores.tolist() == written.scores.tolist()
    assert read.masks == written.masks
    np.testing.assert_allclose(read.boxes, written.boxes, atol=1e-5)


def test_records_are_those_of_coco_with_boxes_as_xywh():
    mask = np.zeros(SIZE, np.uint8)
    mask[2:5, 3:10] = 1
    rle = oracle.encode(np.asfortranarray(mask))
    one = Instances(SIZE, np.array([[3, 2, 10, 5]]), np.array([4]), [rle], np.array([0.5], np.float32))
    assert to_results(one, 42, "42.jpg") == [
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
    assert to_results(Instances.empty(SIZE), 1, "1.png") == []
