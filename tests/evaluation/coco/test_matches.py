import numpy as np
import pytest
from hotcoco import COCO, COCOeval
from hypothesis import given, settings

from maskwright.evaluation.coco.matches import Matches, coco_matches, image_matches
from maskwright.evaluation.instances.per_image import image_records
from tests.evaluation.invented_coco import datasets


@settings(max_examples=40)
@given(datasets())
def test_counts_are_those_of_cocos_evaluation(dataset):
    truth, results = dataset
    matches = coco_matches(truth, results, "bbox", 0.5)
    coco = COCO(truth)
    evaluation = COCOeval(coco, coco.load_res(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    assert evaluation.eval is not None
    recall = evaluation.eval["recall"]  # (IoU thresholds, classes, area ranges, max detections)
    for k, category in enumerate(evaluation.params.cat_ids):
        mine = matches.of_class(category)
        objects = sum(a["category_id"] == category and not a["iscrowd"] for a in truth["annotations"])
        assert len(mine.found_at) == objects
        if objects:
            assert mine.right.sum() / objects == pytest.approx(recall[0, k, 0, -1])
        assert np.isfinite(mine.found_at).sum() == mine.right.sum()
    assert (np.diff(matches.score) <= 0).all()


@settings(max_examples=30)
@given(datasets())
def test_leaving_out_low_scores_is_matching_the_rest(dataset):
    truth, results = dataset
    kept = coco_matches(truth, results, "segm", 0.5).above(0.5)
    again = coco_matches(truth, [each for each in results if each["score"] >= 0.5], "segm", 0.5)
    for name in ("image", "category", "score", "right", "true_image", "true_category", "found_at"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(again, name), err_msg=name)


@settings(max_examples=20)
@given(datasets())
def test_image_by_image_the_matches_are_those_of_all_and_name_their_records(dataset):
    truth, results = dataset
    images = []
    for image in image_records(truth, results):
        found = image_matches(image.image, image.objects, image.found, "segm", 0.5)
        assert [image.found[d]["score"] for d in found.detections] == found.matches.score.tolist()
        assert [image.found[d]["category_id"] for d in found.detections] == found.matches.category.tolist()
        assert [image.objects[g]["category_id"] for g in found.objects] == found.matches.true_category.tolist()
        assert not any(image.objects[g]["iscrowd"] for g in found.objects)
        images.append(found.matches)
    joined, whole = Matches.merged(images).sorted_by_score(), coco_matches(truth, results, "segm", 0.5)
    assert joined.score.tolist() == whole.score.tolist()
    for category in (1, 2, 5):
        ours, theirs = joined.of_class(category), whole.of_class(category)
        assert sorted(zip(ours.score, ours.image, ours.right, strict=True)) == sorted(
            zip(theirs.score, theirs.image, theirs.right, strict=True)
        )
        np.testing.assert_array_equal(np.sort(ours.found_at), np.sort(theirs.found_at))


def test_a_crowd_is_no_object_and_what_lies_on_it_no_mistake():
    shape = {"image_id": 1, "category_id": 1, "bbox": [0.0, 0.0, 50.0, 50.0]}
    truth = {
        "images": [{"id": 1, "height": 100, "width": 100}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": 1, "area": 2500.0, "iscrowd": 1, **shape}],
    }
    inside = {**shape, "bbox": [5.0, 5.0, 20.0, 20.0], "score": 0.9, "file_name": "1.png"}
    matches = coco_matches(truth, [inside], "bbox")
    assert len(matches.score) == len(matches.found_at) == 0


def test_no_detection_matches_nothing():
    truth = {
        "images": [{"id": 1, "height": 9, "width": 9}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 4.0, "iscrowd": 0, "bbox": [0, 0, 2, 2]}],
    }
    matches = coco_matches(truth, [], "bbox")
    assert isinstance(matches, Matches)
    assert (len(matches.score), np.isnan(matches.found_at).tolist()) == (0, [True])
