import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.masks.cropped import CroppedMask, crop_masks, each_cropped, trimmed


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_a_region_is_the_mask_in_its_tight_box(seed: int):
    rng = np.random.default_rng(seed)
    masks = [(rng.random(rng.integers(1, 20, 2)) < rng.choice([0.0, 0.05, 0.5, 1.0])) for _ in range(3)]
    rles = [oracle.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks]
    for mask, rle, region in zip(masks, rles, crop_masks(rles), strict=True):
        dense = np.zeros(region.size, np.bool_)
        dense[region.box] = region.mask
        np.testing.assert_array_equal(dense, mask)
        left, top, width, height = oracle.toBbox(rle)
        assert region.mask.shape == (height, width)
        if region.mask.size:
            assert (region.top, region.left) == (top, left)
        cut = trimmed(mask, 0, mask.shape)
        assert cut.mask.shape == region.mask.shape
        assert (cut.top, cut.left) == (region.top, region.left)


def test_one_by_one_they_are_the_same():
    masks = [np.eye(5, 7, k, dtype=np.uint8) for k in (-1, 0, 9)]
    rles = [oracle.encode(np.asfortranarray(mask)) for mask in masks]
    for one, other in zip(each_cropped(rles), crop_masks(rles), strict=True):  # type: ignore[arg-type]
        assert (one.size, one.top, one.left) == (other.size, other.top, other.left)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_no_rle_has_no_region():
    assert crop_masks([]) == []
    assert CroppedMask.empty((3, 4)).mask.size == 0
