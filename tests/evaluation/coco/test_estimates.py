"""Intervals of AP against pycocotools on every resample: a data set in which images are repeated."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.estimates import coco_intervals
from maskwright.evaluation.coco.matcher import match_records
from tests.evaluation.coco.test_weighted import Set, repeated, untied
from tests.evaluation.invented_coco import datasets, pycocotools_scores, same

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl")


@settings(max_examples=8, deadline=None)
@given(datasets(), st.integers(0, 99))
def test_intervals_are_the_quantiles_of_what_pycocotools_says_on_each_resample(data: Set, seed: int):
    truth, results = data[0], untied(data[1], seed)
    resampling = Resampling(6, seed)
    names = {each["id"]: each["name"] for each in truth["categories"]}
    found = coco_intervals([("segm", match_records(truth, results, "segm"))], 3, names, resampling)
    draws = resampling.weights(3).tolist()
    theirs = [pycocotools_scores(*repeated(truth, results, times), "segm") for times in draws]
    whole = pycocotools_scores(truth, results, "segm")
    for name in NAMES:
        assert_quantiles(found["segm"][name], whole[name], [each[name] for each in theirs])
    for category, name in names.items():
        for place, key in enumerate(("segm", "segm50")):
            values = [each["classes"][category][place] for each in theirs]
            assert_quantiles(found["classes"][name][key], whole["classes"][category][place], values)
    assert {key: found[key] for key in ("level", "samples", "images")} == {"level": 0.95, "samples": 6, "images": 3}


def assert_quantiles(interval: dict[str, Any], value: float | None, values: list[float | None]) -> None:
    assert same(interval["value"], value)
    known = [each for each in values if each is not None]
    if value is None or not known:
        assert interval["low"] is interval["high"] is None
        return
    low, high = np.quantile(known, [0.025, 0.975], method="weibull")
    assert same(interval["low"], float(low))
    assert same(interval["high"], float(high))
