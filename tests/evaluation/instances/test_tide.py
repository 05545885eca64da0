"""Errors by hand; those of the authors' tool on invented data are in ``tests/oracles/test_tide``."""

from typing import Any

import pytest

from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, TIDE_ERRORS, tide_scores

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
    images = [
        image_errors(image.objects, image.found, kind, IOU, BACKGROUND_IOU) for image in image_records(truth, results)
    ]
    return tide_scores(DetectionErrors.merged(images), [each["id"] for each in truth["categories"]])


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


def test_a_class_that_is_only_detected_costs_as_much_as_any():
    # By COCO's AP, the mean over the classes with objects, the false cakes would cost nothing.
    truth = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 100}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cake"}, {"id": 3, "name": "kite"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": FAR, "area": 400.0, "iscrowd": 0}],
    }
    results = [
        {"image_id": 1, "category_id": category, "bbox": box, "score": 0.9}
        for category, box in ((1, FAR), (2, [0.0, 0.0, 10.0, 10.0]))
    ]
    found = scores(truth, results, "bbox")
    assert found["AP"] == pytest.approx(0.5)
    assert found["errors"]["Bkg"] == {"count": 1, "dAP": pytest.approx(0.5), "meaning": "nothing there"}


def test_without_an_object_there_is_no_ap():
    assert tide_scores(DetectionErrors.merged([]), [1])["AP"] is None
