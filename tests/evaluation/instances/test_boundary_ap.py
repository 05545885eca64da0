"""Boundary AP against vernier, which is held equal to the authors' boundary_iou_api."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from vernier.instance import Boundary, CocoDataset, Evaluator

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.instances.boundary_ap import boundary_average_precision
from tests.evaluation.explanation.planted import dataset
from tests.evaluation.invented_coco import datasets

Set = tuple[dict[str, Any], list[dict[str, Any]]]


def in_bytes(records: list[dict[str, Any]]) -> list[Any]:
    return [
        {**each, "segmentation": {**each["segmentation"], "counts": each["segmentation"]["counts"].encode()}}
        for each in records
    ]


def assert_equal(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
    document = {**truth, "annotations": in_bytes(truth["annotations"])}
    ours, _ = boundary_average_precision(document, in_bytes(results))
    scored = CocoDataset.from_json(json.dumps(truth).encode())
    theirs = Evaluator(iou=Boundary()).evaluate(scored, json.dumps(results).encode()).stats[:6]
    for value, expected in zip(ours.values(), theirs, strict=True):
        assert (-1 if value is None else value) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(datasets())
def test_numbers_are_verniers(data: Set) -> None:
    if data[0]["annotations"] and data[1]:
        assert_equal(*data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 200))
def test_numbers_of_two_hundred_sets_are_verniers(seed: int) -> None:
    test_crowds_holes_parts_and_many_detections(seed)


@pytest.mark.parametrize("seed", range(3))
def test_crowds_holes_parts_and_many_detections(seed: int) -> None:
    truth, results = dataset(seed)
    truth["annotations"] = [{**each, "id": each["id"] + 1} for each in truth["annotations"]]
    assert_equal(truth, results)


def test_intervals_hold_the_value() -> None:
    truth, results = dataset(1)
    document = {**truth, "annotations": in_bytes(truth["annotations"])}
    values, intervals = boundary_average_precision(document, in_bytes(results), Resampling(50))
    assert values["AP"] == intervals["AP"]["value"]
    assert intervals["AP"]["low"] is not None
    assert np.isfinite(intervals["AP"]["low"])
