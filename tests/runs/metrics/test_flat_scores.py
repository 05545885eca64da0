"""Scores of an evaluation keep their values under the names of the table."""

from maskwright.runs.context import INSTANCE_SCORES, PANOPTIC_SCORES, SEMANTIC_SCORES
from maskwright.runs.metrics.flat_scores import flat_baseline, flat_scores


def test_a_class_has_its_iou_dice_and_accuracy() -> None:
    row = {"IoU": 0.5, "Dice": 2 / 3, "accuracy": 0.75, "precision": 0.6, "recall": 0.75}
    empty = dict.fromkeys(row)
    overall = dict.fromkeys(SEMANTIC_SCORES, 0.5)
    scores = {**overall, "classes": {"disc": row, "ring": empty}, "baseline": {"mIoU": 0.1}, "protocol": "all pixels"}
    assert flat_scores(scores) == {
        **overall,
        **{"IoU/disc": 0.5, "Dice/disc": 2 / 3, "accuracy/disc": 0.75},
        **{"IoU/ring": None, "Dice/ring": None, "accuracy/ring": None},
    }


def test_a_class_of_objects_has_its_ap_of_masks_and_of_boxes() -> None:
    statistics = {name.removeprefix("segm_"): 0.25 for name in INSTANCE_SCORES if name.startswith("segm_")}
    row = {"segm": 0.1, "segm50": 0.2, "bbox": 0.3, "bbox50": 0.4, "instances": 7}
    scores = {"segm": statistics, "bbox": statistics, "classes": {"disc": row}, "area": "mask", "protocol": "COCO"}
    found = flat_scores(scores)
    by_class = {"segm_AP/disc": 0.1, "segm_AP50/disc": 0.2, "bbox_AP/disc": 0.3, "bbox_AP50/disc": 0.4}
    assert found == dict.fromkeys(INSTANCE_SCORES, 0.25) | by_class


def test_the_baseline_of_pixels_has_a_name_of_its_own_and_objects_have_none():
    assert flat_baseline({"baseline": {"mIoU": 0.25, "classes": {}}}) == {"baseline_mIoU": 0.25}
    assert flat_baseline({"segm": {"AP": 0.5}}) == {}


def test_panoptic_scores_have_those_of_things_and_stuff_and_the_pq_of_each_class() -> None:
    part = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.6}
    classes = {"car": {"PQ": 0.4, "thing": True}, "sky": {"PQ": None, "thing": False}}
    flat = flat_scores({**part, "things": part, "stuff": dict.fromkeys(part), "classes": classes, "images": 3})
    assert flat["PQ_things"] == 0.5
    assert flat["RQ_stuff"] is None
    assert {key: value for key, value in flat.items() if "/" in key} == {"PQ/car": 0.4, "PQ/sky": None}
    assert set(PANOPTIC_SCORES) == {key for key in flat if "/" not in key}
