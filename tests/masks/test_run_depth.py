"""Pixels at depth: sorting the ends of runs gives the counts of merging masks, and of dense ones, in n log n."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.errors import DataError
from maskwright.masks.coverage import _by_merging, _by_sorting, coverage
from maskwright.masks.run_depth import foreground_runs, pixels_at_depth, shared_by_pair, united_runs


@given(st.integers(0, 2**32 - 1))
def test_sorting_counts_as_merging_does(seed: int):
    rng = np.random.default_rng(seed)
    count, height, width = rng.integers(0, 60), rng.integers(1, 9), rng.integers(1, 9)
    masks = rng.random((count, height, width)) < rng.choice([0.0, 0.2, 0.6, 1.0], size=(count, 1, 1))
    rles = [oracle.encode(np.asfortranarray(mask, np.uint8)) for mask in masks]
    labels, crowd = rng.integers(1, 5, count).tolist(), (rng.random(count) < 0.2).tolist()
    assert _by_sorting(rles, labels, crowd) == _by_merging(rles, labels, crowd)


def test_runs_that_touch_are_one():
    runs = np.array([[4, 6], [0, 2], [2, 4], [5, 9]])
    assert united_runs(runs).tolist() == [[0, 9]]
    assert pixels_at_depth(runs) == (9, 1)
    assert united_runs(foreground_runs([])).tolist() == []


def square(x: int, y: int, side: int, size: int = 1000) -> dict:
    return oracle.frPyObjects([[x, y, x + side, y, x + side, y + side, x, y + side]], size, size)[0]


def test_five_thousand_objects_of_a_thousand_classes_take_a_second():
    rng = np.random.default_rng(0)
    rles = [square(*rng.integers(0, 900, 2), 40) for _ in range(5000)]
    started = time.process_time()
    found = coverage(rles, [1 + i % 990 for i in range(5000)], [False] * 5000)
    assert time.process_time() - started < 8
    assert len(found.classes) == 990
    assert found.objects > found.contested > 0


def test_more_overlapping_runs_than_the_limit_are_refused_by_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASKWRIGHT_LIMIT_OVERLAPPING_RUNS", "100")
    runs = {label: np.stack([np.arange(0, 400, 4), np.arange(2, 402, 4)], axis=1) for label in range(3)}
    with pytest.raises(DataError, match=r"300 runs .* at most 100 are accepted; .*--limit overlapping-runs"):
        shared_by_pair(runs)
