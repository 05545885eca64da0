import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.evaluation import rle_totals as module
from maskwright.evaluation.rle_totals import rle_totals


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_the_runs_of_a_mask_add_up_to_its_pixels(seed: int, count: int):
    rng = np.random.default_rng(seed)
    masks = [(rng.random(rng.integers(1, 60, 2)) < rng.random()).astype(np.uint8) for _ in range(count)]
    counts = [oracle.encode(np.asfortranarray(mask))["counts"] for mask in masks]
    assert rle_totals(counts).tolist() == [mask.size for mask in masks]


def test_long_runs_and_many_rles_at_once(monkeypatch: pytest.MonkeyPatch):
    large = np.zeros((3000, 2500), np.uint8, order="F")
    large[5:2000, 7:2400] = 1
    counts = [oracle.encode(large)["counts"], oracle.encode(np.ones((2, 2), np.uint8, order="F"))["counts"]] * 3
    whole = rle_totals(counts)
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    assert rle_totals(counts).tolist() == whole.tolist() == [large.size, 4] * 3


def test_a_cut_rle_does_not_add_up():
    mask = np.zeros((20, 30), np.uint8, order="F")
    mask[3:9, 4:20] = 1
    counts = oracle.encode(mask)["counts"]
    totals = rle_totals([counts[:length] for length in range(len(counts))])
    assert not (totals == mask.size).any()


def test_what_is_not_cocos_coding_has_no_sum_and_spoils_no_other():
    good = oracle.encode(np.ones((4, 5), np.uint8, order="F"))["counts"]
    totals = rle_totals([b"", good, b"o", b"\xff\x01", good, b"12\x80"])
    assert np.isnan(totals[[0, 2, 3, 5]]).all()
    assert totals[[1, 4]].tolist() == [20, 20]


def test_no_rle_has_no_sum():
    assert rle_totals([]).size == 0
