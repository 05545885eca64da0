"""Panoptic quality of objects, against the evaluator of panoptic maps where masks do not overlap."""

from typing import Any, cast

import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.evaluation.instances.panoptic_quality import object_protocol, object_segments
from maskwright.evaluation.instances.per_image import ImageRecords
from maskwright.evaluation.panoptic.one_kind import one_kind_quality
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.score_panoptic import score_panoptic
from maskwright.structures import PanopticMap, PanopticSegment

NAMES = {1: "person", 2: "dog"}


def rle(mask: np.ndarray) -> dict:
    return coco_mask.encode(np.asfortranarray(mask, np.uint8))


def image(objects: list[tuple[np.ndarray, int, bool]], found: list[tuple[np.ndarray, int]]) -> ImageRecords:
    height, width = (objects or found)[0][0].shape
    true = [
        {
            "id": n,
            "image_id": 1,
            "category_id": c,
            "iscrowd": int(crowd),
            "segmentation": rle(mask),
        }
        for n, (mask, c, crowd) in enumerate(objects, start=1)
    ]
    results = [
        {
            "image_id": 1,
            "category_id": c,
            "score": 0.9,
            "segmentation": rle(mask),
        }
        for mask, c in found
    ]
    return ImageRecords(
        {"id": 1, "height": height, "width": width, "file_name": "a.png"}, cast("Any", true), cast("Any", results)
    )


def parts(ids: np.ndarray) -> list[np.ndarray]:
    return [ids == number for number in np.unique(ids[ids > 0])]


def pixels(*where: int) -> np.ndarray:
    mask = np.zeros((1, 10), np.bool_)
    mask[0, list(where)] = True
    return mask


def test_the_scores_of_200_random_sets_without_overlap_equal_those_of_the_panoptic_evaluator():
    rng = np.random.default_rng(0)
    for _ in range(200):
        counts, true, predicted = [], {}, {}
        for number in range(4):
            truth = rng.integers(0, 5, (3, 4)).repeat(6, axis=0).repeat(6, axis=1)
            detected = np.where(rng.random(truth.shape) < 0.85, truth, rng.integers(0, 7, truth.shape))
            labels, classes = rng.integers(1, 3, 8), rng.integers(1, 3, 8)
            classes = np.where(rng.random(8) < 0.7, labels, classes)
            crowd = rng.random(8) < 0.15
            # panopticapi knows one crowd of a class; of two it looks at the last.
            for label in NAMES:
                crowd[np.flatnonzero(crowd & (labels == label))[1:]] = False
            sides = [[int(value) for value in np.unique(each[each > 0])] for each in (truth, detected)]
            # What is no object is labelled too here, as something else: void would excuse detections.
            counts.append(
                object_segments(
                    image(
                        [(truth == i, int(labels[i]), bool(crowd[i])) for i in sides[0]],
                        [(detected == i, int(classes[i])) for i in sides[1]],
                    )
                )
            )
            ground = [PanopticSegment(9, 3)] if (truth == 0).any() else []
            true[str(number)] = PanopticMap(
                np.where(truth == 0, 9, truth),
                (*(PanopticSegment(i, int(labels[i]), bool(crowd[i])) for i in sides[0]), *ground),
            )
            predicted[str(number)] = PanopticMap(detected, tuple(PanopticSegment(i, int(classes[i])) for i in sides[1]))
        found = one_kind_quality(counts, NAMES)
        expected = score_panoptic(true, predicted, classes=[*NAMES.values(), "ground"], stuff=["ground"])
        for key in ("PQ", "SQ", "RQ"):
            assert found[key] == pytest.approx(expected["things"][key], abs=1e-12)
        for name, row in found["classes"].items():
            assert row == pytest.approx({key: expected["classes"][name][key] for key in row}, abs=1e-12)


def test_results_equal_to_objects_that_overlap_are_perfect():
    masks = [pixels(*range(8)), pixels(*range(6)), pixels(2, 3, 4)]
    found = object_segments(image([(mask, 1, False) for mask in masks], [(mask, 1) for mask in masks[::-1]]))
    assert found == {1: MatchCounts(3, 0, 0, 3.0)}


def test_a_second_detection_of_an_object_is_wrong():
    whole, most = pixels(*range(10)), pixels(*range(9))
    assert object_segments(image([(whole, 1, False)], [(most, 1), (whole, 1)])) == {1: MatchCounts(1, 1, 0, 1.0)}


def test_an_iou_of_one_half_is_no_match():
    found = object_segments(image([(pixels(0, 1, 2, 3), 1, False)], [(pixels(0, 1), 1)]))
    assert found == {1: MatchCounts(0, 1, 1, 0.0)}


def test_a_detection_of_which_more_than_half_lies_on_crowds_of_its_class_is_not_wrong():
    crowds = [(pixels(0, 1), 1, True), (pixels(2), 1, True)]
    assert object_segments(image(crowds, [(pixels(0, 2, 5), 1)])) == {1: MatchCounts()}
    assert object_segments(image(crowds, [(pixels(0, 5), 1)])) == {1: MatchCounts(wrong=1)}
    assert object_segments(image(crowds, [(pixels(0, 2, 5), 2)]))[2] == MatchCounts(wrong=1)


def test_the_protocol_names_the_threshold():
    assert "a score of at least 0.05" in object_protocol(0.05)
