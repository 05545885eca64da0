import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.errors import DataError
from maskwright.masks.segment_runs import segment_masks


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))
def test_each_mask_is_that_of_pycocotools_for_the_dense_mask(seed: int, height: int, width: int, count: int):
    rng = np.random.default_rng(seed)
    values = rng.choice(2**24, count, replace=False).astype(np.uint32)
    ids = rng.choice(values, (height, width))
    masks = segment_masks(ids)
    assert list(masks) == sorted(set(ids.ravel().tolist()))
    for value, mask in masks.items():
        expected = oracle.encode(np.asfortranarray(ids == value, np.uint8))
        assert (mask.rle["size"], mask.rle["counts"]) == ([height, width], expected["counts"])
        assert mask.area == int((ids == value).sum())


def test_noise_is_refused_before_masks_are_made_of_it(monkeypatch: pytest.MonkeyPatch):
    ids = np.arange(90).reshape(9, 10)
    with monkeypatch.context() as limited:
        limited.setenv("MASKWRIGHT_LIMIT_LABEL_MAP_RUNS", "89")
        with pytest.raises(DataError, match=r"it has 90 runs of equal ids .*--limit label-map-runs"):
            segment_masks(ids)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_PANOPTIC_SEGMENTS", "89")
    with pytest.raises(DataError, match=r"it has 90 segments; at most 89 .*--limit panoptic-segments"):
        segment_masks(ids)
