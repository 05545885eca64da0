"""Optimal LRP against vernier, which follows the authors' LRP-Error."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from vernier.instance import Bbox, Segm
from vernier.instance import optimal_lrp as vernier_lrp

from maskwright.evaluation.coco.matches import image_matches
from maskwright.evaluation.instances.optimal_lrp import SCORE_THRESHOLDS, Localisations, localisations, optimal_lrp
from maskwright.evaluation.instances.per_image import image_records
from tests.evaluation.explanation.planted import dataset
from tests.evaluation.invented_coco import datasets

NAMES = {1: "person", 2: "dog", 5: "cake", 7: "kite"}
IOUS = {"bbox": Bbox(), "segm": Segm()}


def ours(
    truth: dict[str, Any], results: list[Any], kind: str, names: dict[int, str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    images = [
        localisations(image_matches(*each, kind, 0.5), *each[1:], kind)
        for each in ((one.image, one.objects, one.found) for one in image_records(truth, results))
    ]
    return optimal_lrp(Localisations.merged(images), names)


def assert_verniers(truth: dict[str, Any], results: list[dict[str, Any]], kind: str, names: dict[int, str]) -> None:
    overall, classes = ours(truth, results, kind, names)
    theirs = vernier_lrp(json.dumps(truth).encode(), json.dumps(results).encode(), iou=IOUS[kind])
    # Where nothing is found there is neither place nor share of wrong detections; vernier's means have 0 there.
    found = [row for row in theirs.per_class if not math.isnan(row.tau)]
    # The authors' code leaves 1 - IoU as it is; vernier divides it by 1 - 0.5.
    expected = {"oLRP": theirs.olrp, "localisation": mean([row.olrp_loc / 2 for row in found])}
    expected |= {"FP": mean([row.olrp_fp for row in found]), "FN": theirs.fn}
    for part, value in expected.items():
        assert same(overall[part], value), part
    for row in theirs.per_class:
        mine = classes[names[row.category_id]]
        parts = {"oLRP": row.olrp, "localisation": row.olrp_loc / 2, "FN": row.olrp_fn, "score": row.tau}
        parts |= {} if math.isnan(row.tau) else {"FP": row.olrp_fp}
        for part, value in parts.items():
            assert same(mine[part], value), (part, mine, row)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def same(mine: float | None, theirs: float) -> bool:
    return math.isnan(theirs) if mine is None else mine == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(datasets())
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_numbers_are_verniers(kind: str, data: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    # Without an object vernier has 0, the best there is.
    if data[1] and any(not each["iscrowd"] for each in data[0]["annotations"]):
        assert_verniers(*data, kind, NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_numbers_of_two_hundred_sets_are_verniers(kind: str, seed: int) -> None:
    truth, results = dataset(seed)
    truth["annotations"] = [{**each, "id": each["id"] + 1} for each in truth["annotations"]]
    assert_verniers(truth, results, kind, {each["id"]: each["name"] for each in truth["categories"]})


def found(scores: list[float], ious: list[float], objects: int) -> Localisations:
    one = np.ones(len(scores), np.int64)
    return Localisations(one, np.array(scores), np.array(ious), np.ones(objects, np.int64))


def test_the_threshold_leaves_out_what_costs_more_than_it_finds() -> None:
    overall, classes = optimal_lrp(found([0.9, 0.8, 0.3, 0.2], [0.75, 1.0, 0.0, 0.0], 2), {1: "dog"})
    # Two matches, 1 - IoU of 0.25 doubled, over two: (0.5 + 0 + 0) / 2.
    assert classes["dog"] == {"oLRP": 0.25, "localisation": 0.125, "FP": 0.0, "FN": 0.0, "score": 0.8}
    assert overall["oLRP"] == 0.25


def test_a_score_on_a_threshold_reaches_it() -> None:
    for score in SCORE_THRESHOLDS[1:].tolist():
        _, classes = optimal_lrp(found([score, score - 0.001], [1.0, 0.0], 1), {1: "dog"})
        assert classes["dog"]["score"] == score


def test_a_class_of_which_nothing_is_found_is_worst_and_one_without_an_object_is_no_class() -> None:
    overall, classes = optimal_lrp(found([0.9], [0.0], 3), {1: "dog", 2: "cat"})
    assert classes["dog"] == {"oLRP": 1.0, "localisation": None, "FP": None, "FN": 1.0, "score": None}
    assert classes["cat"] == dict.fromkeys(("oLRP", "localisation", "FP", "FN", "score"))
    assert (overall["oLRP"], overall["localisation"], overall["FN"]) == (1.0, None, 1.0)


def test_scores_that_are_no_confidences_have_no_threshold() -> None:
    overall, classes = optimal_lrp(found([7.5], [1.0], 1), {1: "dog"})
    assert overall["oLRP"] is None
    assert classes["dog"]["score"] is None
