from typing import Any

import pytest

from maskwright.evaluation.coco.truth import CocoTruth, read_truth
from maskwright.evaluation.instances.details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results

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
        gathering = InstanceDetails(truth.labels(), "segm", Thresholds(score), boundary)
        for image in image_records(truth.coco_dataset("segm"), results.records):
            gathering.add(image)
        return gathering.result()

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


def test_shares_of_the_images_add_up_whatever_the_order(coco, write_json):
    truth: CocoTruth = read_truth(coco({}, {"category_id": 2, "image_id": 2}, images=[{}, {"file_name": "b.png"}, {}]))
    truth.draw_masks()
    shape = {"segmentation": SQUARE}
    records = [
        {"image_id": i, "category_id": c, "score": s, **shape} for i, c, s in ((1, 1, 0.9), (2, 1, 0.9), (3, 1, 0.6))
    ]
    path = write_json(records, "results.json")
    found = read_results(path, truth.image_index(), class_index(path, truth.names))
    images = list(image_records(truth.coco_dataset("segm"), found.records))

    def measured(*chosen: int) -> InstanceDetails:
        gathering = InstanceDetails(truth.labels(), "segm", Thresholds(0.5))
        for position in chosen:
            gathering.add(images[position])
        return gathering

    whole = measured(0, 1, 2).result()
    assert measured(2, 0, 1).result() == whole
    shares = [measured(1), measured(0, 2)]
    assert InstanceDetails.merged(shares).result() == whole
    assert InstanceDetails.merged(shares).result() == whole, "the shares stay as they are"
    assert whole.scores["at_score"]["right"] == 1


def test_the_details_stand_beside_the_official_scores(details):
    found = details({})
    joined = found.merged_into({"segm": {"AP": 0.5}, "classes": {"person": {"segm": 0.5}, "dog": {"segm": None}}})
    assert joined["segm"] == {"AP": 0.5}
    assert joined["classes"]["person"]["segm"] == 0.5
    assert joined["classes"]["person"]["best_Dice"] == joined["classes"]["person"]["one_to_one_IoU"] == 1.0
    assert joined["tide"] == found.scores["tide"]
