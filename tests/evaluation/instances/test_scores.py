"""The numbers of a model on a set of images, against the evaluator itself and by hand."""

from typing import Any

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given, settings

from maskwright.evaluation.bootstrap import bootstrap_weights
from maskwright.evaluation.instances.scores import cityscapes_estimates, coco_estimates
from tests.evaluation.cityscapes.test_weighted import image
from tests.evaluation.invented_coco import datasets, pycocotools_scores, same

Set = tuple[dict[str, Any], list[dict[str, Any]]]


def with_bytes(truth: dict[str, Any], results: list[dict[str, Any]]) -> Set:
    def one(each: dict[str, Any]) -> dict[str, Any]:
        rle = each["segmentation"]
        return {**each, "segmentation": {**rle, "counts": rle["counts"].encode()}}

    return {**truth, "annotations": [one(each) for each in truth["annotations"]]}, [one(each) for each in results]


@settings(max_examples=8, deadline=None)
@given(datasets())
def test_the_numbers_are_those_of_the_evaluator(data: Set):
    truth, results = data
    found = coco_estimates(*with_bytes(truth, results), bootstrap_weights(3, 5, 0), score=0.3)
    # Detectron2 drops the boxes of results before it scores masks.
    bare = [{key: value for key, value in each.items() if key != "bbox"} for each in results]
    for kind, scored in {"bbox": results, "segm": bare}.items():
        theirs = pycocotools_scores(truth, scored, kind)
        for name in ("AP", "AP50", "AP75", "APs", "APm", "APl"):
            assert same(found.overall[f"{kind}_{name}"].value, theirs[name])
        for category in data[0]["categories"]:
            row = found.classes[category["name"]]
            assert same(row[kind].value, theirs["classes"][category["id"]][0])
            assert same(row[f"{kind}50"].value, theirs["classes"][category["id"]][1])


def square(x: int, side: int) -> dict[str, Any]:
    mask = np.zeros((60, 60), np.uint8)
    mask[10 : 10 + side, x : x + side] = 1
    return {
        "segmentation": coco_mask.encode(np.asfortranarray(mask)),
        "bbox": [float(x), 10.0, float(side), float(side)],
    }


def a_scene() -> Set:
    """Two squares of 20 on one image: one found exactly, one not; a third, on another image, found off by 2."""
    objects = [(1, square(5, 20)), (1, square(35, 20)), (2, square(5, 20))]
    annotations = [
        {"id": n, "image_id": image, "category_id": 1, "area": 400.0, "iscrowd": 0, **shape}
        for n, (image, shape) in enumerate(objects, start=1)
    ]
    results = [
        {"image_id": image, "category_id": 1, "score": score, **shape}
        for image, score, shape in ((1, 0.9, square(5, 20)), (2, 0.8, square(7, 20)), (1, 0.2, square(35, 20)))
    ]
    images = [{"id": i, "height": 60, "width": 60} for i in (1, 2)]
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "tile"}]}, results


def test_boundary_iou_is_that_of_found_objects_and_of_all():
    found = coco_estimates(*a_scene(), bootstrap_weights(2, 0, 0), score=0.5)
    # The boundary of a square of 20 is 2 wide (2 % of the diagonal of 85): 144 pixels. Two of them off by 2 share the
    # rows at top and bottom where they overlap, 2 * 2 * 18 = 72, and nothing of the sides but what lies in these rows.
    off = 72 / (2 * 144 - 72)
    assert found.overall["boundary_IoU"].value == pytest.approx((1 + off) / 2)
    assert found.overall["boundary_IoU_all"].value == pytest.approx((1 + off) / 3)
    assert found.classes["tile"]["boundary_IoU"].value == pytest.approx((1 + off) / 2)
    assert found.objects == {"tile": 3}


def test_objects_without_a_mask_count_for_boxes_and_for_no_measure_of_masks():
    truth, results = a_scene()
    bare = {"id": 9, "image_id": 2, "category_id": 1, "area": 400.0, "iscrowd": 0, "bbox": [35.0, 10.0, 20.0, 20.0]}
    more = {**truth, "annotations": [*truth["annotations"], bare]}
    draws = bootstrap_weights(2, 0, 0)
    without, found = (coco_estimates(each, results, draws, score=0.5) for each in (truth, more))
    assert found.objects == {"tile": 4}
    assert found.overall["bbox_AP"].value == pytest.approx(pycocotools_scores(*as_text(more, results), "bbox")["AP"])
    assert found.overall["bbox_AP"].value < without.overall["bbox_AP"].value
    for name in ("segm_AP", "segm_AP50", "boundary_IoU", "boundary_IoU_all"):
        assert found.overall[name].value == without.overall[name].value
    assert found.errors == without.errors


def as_text(truth: dict[str, Any], results: list[dict[str, Any]]) -> Set:
    """The set without masks, as the scores of boxes do not need them."""
    bare = [{key: value for key, value in each.items() if key != "segmentation"} for each in results]
    objects = [{key: value for key, value in each.items() if key != "segmentation"} for each in truth["annotations"]]
    return {**truth, "annotations": objects}, bare


def test_a_difference_is_of_values_draws_and_errors():
    truth, results = a_scene()
    good = coco_estimates(truth, results, bootstrap_weights(2, 20, 0), score=0.5)
    bad = coco_estimates(truth, results[:1], bootstrap_weights(2, 20, 0), score=0.5)
    less = bad.minus(good)
    for key in good.overall:
        one, other = bad.overall[key].value, good.overall[key].value
        assert less.overall[key].value == (None if one is None or other is None else one - other)
        expected = bad.overall[key].replicates - good.overall[key].replicates
        assert np.array_equal(less.overall[key].replicates, expected, equal_nan=True)
    assert less.errors["Miss"]["per_100_objects"] == pytest.approx(100 * 2 / 3)
    assert less.to_json(0.9)["overall"]["segm_AP"]["value"] < 0


def test_a_model_less_itself_is_nothing():
    found = coco_estimates(*a_scene(), bootstrap_weights(2, 20, 0), score=0.5)
    shift = found.minus(found).to_json(0.9)
    assert {row["high"] for row in shift["overall"].values() if row["value"] is not None} == {0.0}
    assert {value for row in shift["errors"].values() for value in row.values()} == {0.0}


def test_official_cityscapes_numbers_come_with_those_of_the_shared_classes():
    rng = np.random.default_rng(3)
    found = cityscapes_estimates([image(rng) for _ in range(6)], bootstrap_weights(6, 30, 0), ["rider"])
    assert found.overall["shared_AP"].value == pytest.approx(found.classes["rider"]["AP"].value)
    mean = np.mean([found.classes[name]["AP"].value for name in ("person", "rider")])
    assert found.overall["AP"].value == pytest.approx(mean)
    assert found.classes["car"]["AP"].value is None
