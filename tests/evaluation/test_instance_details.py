from typing import Any

import pytest

from maskwright.evaluation.coco_truth import CocoTruth, read_truth
from maskwright.evaluation.instance_details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instance_images import image_records
from maskwright.evaluation.instance_scores import official_scores
from maskwright.evaluation.result_classes import class_index
from maskwright.evaluation.result_records import read_results

SQUARE, SHIFTED = [[10, 10, 20, 10, 20, 20, 10, 20]], [[15, 10, 25, 10, 25, 20, 15, 20]]


@pytest.fixture
def details(coco, write_json):
    """``details(*records, score, boundary)`` of a file with a person at SQUARE and a dog at SHIFTED."""

    def measure(*records: dict[str, Any], score: float = 0.5, boundary: bool = False) -> Details:
        truth: CocoTruth = read_truth(coco({}, {"category_id": 2, "segmentation": SHIFTED}))
        truth.draw_masks()
        defaults = {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": SQUARE}
        path = write_json([defaults | each for each in records], "results.json")
        results = read_results(path, truth.image_index(), class_index(path, truth.names))
        gathering = InstanceDetails(truth, "segm", Thresholds(score), boundary)
        for image in image_records(truth.document("segm"), results.records, score):
            gathering.add(image)
        return gathering.result(results.records, official_scores(truth, results)[1]["segm"])

    return measure


def test_everything_found_is_perfect_throughout(details):
    found = details({}, {"category_id": 2, "segmentation": SHIFTED}, boundary=True)
    scores = found.scores
    assert scores["at_score"] == {
        **{"kind": "segm", "score": 0.5, "iou": 0.5, "precision": 1.0, "recall": 1.0, "F1": 1.0},
        **{"right": 2, "wrong": 0, "missed": 0},
    }
    assert scores["foreground"] == {"mean_IoU": 1.0, "mean_Dice": 1.0, "images": 1}
    assert scores["overlap"]["best"]["mean_IoU"] == scores["overlap"]["one_to_one"]["mean_Dice"] == 1.0
    assert scores["overlap"]["boundary"] == {"mean_IoU": 1.0}
    assert scores["confusion"]["counts"] == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert scores["confusion"]["most_confused"] == []
    assert scores["calibration"]["ECE"] == pytest.approx(0.1)
    assert found.classes["dog"]["best"]["score"] == 0.9
    assert found.classes["dog"]["boundary_IoU"] == 1.0
    assert found.curves["person"] == {"score": [0.9], "precision": [1.0], "recall": [1.0]}


def test_a_dog_taken_for_a_person_is_said_to_be(details):
    found = details({"segmentation": SHIFTED})
    assert found.scores["confusion"]["most_confused"] == [{"true": "dog", "predicted": "person", "count": 1}]
    assert found.scores["confusion"]["names"] == ["person", "dog", "nothing"]
    assert found.scores["confusion"]["counts"] == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
    # It overlaps the true person by a third, which TIDE asks first.
    assert found.scores["tide"]["errors"]["Loc"]["count"] == 1
    assert found.classes["person"]["best_IoU"] == pytest.approx(50 / 150)
    assert found.scores["worst_images"] == found.images


def test_scores_that_are_no_confidences_have_no_calibration(details):
    assert details({"score": 7.5}).scores["calibration"] is None


def test_no_detection_leaves_everything_missed(details):
    scores = details().scores
    assert (scores["at_score"]["missed"], scores["at_score"]["precision"]) == (2, None)
    assert scores["overlap"]["best"] == {"mean_IoU": 0.0, "mean_Dice": 0.0, "objects": 2}
    assert scores["calibration"]["ECE"] is None
    assert "boundary" not in scores["overlap"]
