from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.coco.evaluator import run_coco_eval
from maskwright.evaluation.coco.matches import image_matches
from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, TIDE_ERRORS, tide_scores
from tests.evaluation.invented_coco import datasets

FAR = [60.0, 60.0, 20.0, 20.0]


def errors(*detections: tuple[int, list[float]]) -> dict[str, Any]:
    """TIDE of detections given as (class, box) for one object of class 1 at (10, 10) of 20 × 20 pixels."""
    box = [10.0, 10.0, 20.0, 20.0]
    truth = {
        "images": [{"id": 1, "height": 100, "width": 100}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": i, "bbox": where, "area": 400.0, "iscrowd": 0}
            for i, where in ((1, box), (2, [0.0, 80.0, 10.0, 10.0]))
        ],
    }
    results = [
        {"image_id": 1, "category_id": category, "bbox": where, "score": 0.9 - position / 10}
        for position, (category, where) in enumerate([(2, [0.0, 80.0, 10.0, 10.0]), *detections])
    ]
    return scores(truth, results, "bbox")


def scores(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    images: list[DetectionErrors] = []
    for image in image_records(truth, results):
        matched = image_matches(image.image, image.objects, image.found, kind, IOU)
        images.append(image_errors(image.objects, image.found, matched, kind, IOU, BACKGROUND_IOU))
    return tide_scores(DetectionErrors.merged(images), [each["id"] for each in truth["categories"]])


def scores_of_hotcoco(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The same, found by the evaluator over all images at once."""
    found = run_coco_eval(truth, results, kind).tide_errors(pos_thr=IOU, bg_thr=BACKGROUND_IOU)
    counted = any(not each["iscrowd"] for each in truth["annotations"])
    return {
        "AP": found["ap_base"] if counted else None,
        "iou": IOU,
        "background_iou": BACKGROUND_IOU,
        "errors": {
            kind: {"count": found["counts"][kind], "dAP": found["delta_ap"][kind], "meaning": meaning}
            for kind, meaning in TIDE_ERRORS.items()
        },
        "FP": found["delta_ap"]["FP"],
        "FN": found["delta_ap"]["FN"],
    }


@pytest.mark.parametrize(
    ("kind", "detections"),
    [
        ("Cls", [(2, [10.0, 10.0, 20.0, 20.0])]),
        ("Loc", [(1, [20.0, 10.0, 20.0, 20.0])]),  # IoU 1/3
        ("Both", [(2, [20.0, 10.0, 20.0, 20.0])]),
        ("Bkg", [(1, FAR)]),
        ("Dupe", [(1, [10.0, 10.0, 20.0, 20.0]), (1, [11.0, 10.0, 20.0, 20.0])]),
        ("Miss", []),
    ],
)
def test_each_error_has_its_name(kind: str, detections: list[tuple[int, list[float]]]):
    counts = {name: row["count"] for name, row in errors(*detections)["errors"].items() if row["count"]}
    # An object that no detection came near, or that only background ones miss, is missed as well.
    assert counts == {kind: 1} | ({"Miss": 1} if kind in ("Both", "Bkg") else {})


def test_a_perfect_detector_has_no_error():
    found = errors((1, [10.0, 10.0, 20.0, 20.0]))
    assert found["AP"] == pytest.approx(1.0)
    assert all(row == {"count": 0, "dAP": 0.0, "meaning": TIDE_ERRORS[kind]} for kind, row in found["errors"].items())


def test_mending_the_class_gains_what_it_cost():
    found = errors((2, [10.0, 10.0, 20.0, 20.0]))
    assert found["AP"] == pytest.approx(0.5)
    assert found["errors"]["Cls"]["dAP"] == pytest.approx(0.5)


@settings(max_examples=40)
@given(datasets(), st.sampled_from(["bbox", "segm"]))
def test_image_by_image_the_numbers_are_those_of_hotcoco_over_all_images(dataset: Any, kind: str):
    truth, results = dataset
    assert scores(truth, results, kind) == scores_of_hotcoco(truth, results, kind)
