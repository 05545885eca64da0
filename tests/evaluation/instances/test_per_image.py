from typing import Any

import numpy as np
import pytest
from pycocotools import mask as oracle

from maskwright.evaluation.coco.matches import coco_matches
from maskwright.evaluation.instances.foreground import Overlap
from maskwright.evaluation.instances.per_image import image_overlaps, image_records, image_scores, worst_first

SIDE = 40


def shape(top: int, left: int, height: int = 10, width: int = 10) -> dict[str, Any]:
    mask = np.zeros((SIDE, SIDE), np.uint8, order="F")
    mask[top : top + height, left : left + width] = 1
    rle = oracle.encode(mask)
    return {"segmentation": rle, "bbox": [float(left), float(top), float(width), float(height)]}


def truth(*objects: dict[str, Any]) -> dict[str, Any]:
    defaults = {"image_id": 1, "category_id": 1, "area": 100.0, "iscrowd": 0}
    return {
        "images": [{"id": i, "file_name": f"{i}.png", "height": SIDE, "width": SIDE} for i in (1, 2, 3)],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [{"id": i, **defaults, **each} for i, each in enumerate(objects, start=1)],
    }


def detection(**changes: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 1, "score": 0.9, **shape(0, 0)} | changes


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_objects_are_covered_by_predictions_of_their_class_alone(kind: str):
    document = truth(shape(0, 0), {**shape(0, 20), "category_id": 2})
    results = [detection(**shape(0, 5)), detection(**shape(0, 20))]
    image = next(image_records(document, results, 0.5))
    overlaps = image_overlaps(image, kind)
    assert overlaps.categories.tolist() == [1, 2]
    assert overlaps.best.tolist() == overlaps.paired.tolist() == [pytest.approx(50 / 150), 0]
    assert overlaps.boundary is None
    # The union asks for no class.
    assert overlaps.union == (Overlap(200, 200, 150) if kind == "segm" else None)


def test_detections_below_the_score_and_on_other_images_do_not_cover():
    document = truth(shape(0, 0))
    results = [detection(score=0.49), detection(image_id=2)]
    first, second, third = (image_overlaps(each, "segm") for each in image_records(document, results, 0.5))
    assert first.best.tolist() == [0]
    assert second.union == Overlap(0, 100, 0)
    assert third.union == Overlap(0, 0, 0)


def test_crowds_are_no_objects_and_cost_nothing():
    document = truth({**shape(0, 0, 30, 30), "iscrowd": 1}, shape(30, 30))
    overlaps = image_overlaps(next(image_records(document, [detection(), detection(**shape(30, 30))], 0.5)), "segm")
    assert overlaps.best.tolist() == [1.0]
    assert overlaps.union == Overlap(100, 100, 100)


def test_boundaries_are_measured_of_pairs():
    document = truth(shape(0, 0), shape(20, 20))
    overlaps = image_overlaps(next(image_records(document, [detection()], 0.5)), "segm", boundary=True)
    assert overlaps.boundary is not None
    assert overlaps.boundary.tolist() == [1.0, 0.0]


def test_the_worst_images_come_first():
    document = truth(shape(0, 0), {**shape(0, 0), "image_id": 2}, {**shape(20, 20), "image_id": 2})
    results = [detection(), detection(image_id=2), detection(image_id=2, **shape(0, 30))]
    names = {i: f"{i}.png" for i in (1, 2, 3)}
    overlaps = [image_overlaps(each, "segm") for each in image_records(document, results, 0.5)]
    images = image_scores(coco_matches(document, results, "segm"), overlaps, names, 0.5)
    assert [(each["right"], each["wrong"], each["missed"]) for each in images] == [(1, 0, 0), (1, 1, 1), (0, 0, 0)]
    assert images[2]["F1"] is images[2]["IoU"] is None
    assert [each["file_name"] for each in worst_first(images)] == ["2.png", "1.png"]
    assert worst_first(images)[0]["IoU"] == pytest.approx(100 / 300)
