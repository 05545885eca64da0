"""Scores with another limit of detections, image by image: those of one evaluation of all images."""

import pickle
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.coco.detection_limit import limit_protocol, limited_scores
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.evaluation.coco.limited_stream import LimitedStream
from maskwright.structures import with_masks, without_boxes
from tests.evaluation.coco.test_stream import TABLE, images_of, results_on
from tests.evaluation.invented_coco import datasets


@settings(max_examples=25)
@given(dataset=datasets(), limit=st.sampled_from([1, 2, 3, 100, 300]))
def test_numbers_are_those_of_all_images_at_once_and_shares_add_up(dataset: Any, limit: int) -> None:
    images = images_of(dataset[0])
    shares = [LimitedStream(TABLE, limit) for _ in range(3)]
    for number, objects in enumerate(images):
        shares[number % 3].add_truth(ground_truth([objects], TABLE), results_on(objects, dataset[1]))
    scores = LimitedStream.merged(TABLE, pickle.loads(pickle.dumps(shares))).scores()
    truth = ground_truth(images, TABLE)
    masked = {**truth, "annotations": with_masks(truth["annotations"])}
    assert scores == {
        "limit": limit,
        "bbox": limited_scores(truth, dataset[1], "bbox", limit),
        "segm": limited_scores(masked, without_boxes(dataset[1]), "segm", limit),
        "protocol": limit_protocol(limit),
    }
