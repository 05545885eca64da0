import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.evaluation.semantic.boundary import (
    boundary,
    boundary_counts,
    boundary_iou,
    boundary_scores,
    boundary_width,
)
from maskwright.masks.cropped import crop_masks


def near_the_edge(mask: npt.NDArray[np.bool_], width: int) -> npt.NDArray[np.bool_]:
    """The definition: of each pixel, whether any pixel within ``width`` of it is no mask."""
    outside = np.pad(~mask, width, constant_values=True)
    windows = np.lib.stride_tricks.sliding_window_view(outside, (2 * width + 1, 2 * width + 1))
    return mask & windows.any(axis=(2, 3))


def some_mask(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    mask = np.zeros((14, 17), np.bool_)
    for _ in range(rng.integers(0, 3)):
        top, left = rng.integers(0, 12, 2)
        mask[top : top + rng.integers(1, 12), left : left + rng.integers(1, 12)] ^= True
    return mask


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_boundary_is_what_lies_near_the_edge(seed: int, width: int):
    mask = some_mask(np.random.default_rng(seed))
    np.testing.assert_array_equal(boundary(mask, width), near_the_edge(mask, width))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_iou_of_two_masks_is_that_of_their_boundaries_in_the_whole_image(seed: int, width: int):
    rng = np.random.default_rng(seed)
    masks = some_mask(rng), some_mask(rng)
    true, predicted = (near_the_edge(mask, width) for mask in masks)
    union = (true | predicted).sum()
    rles = [oracle.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks]
    expected = (true & predicted).sum() / union if union else 0.0
    assert boundary_iou(*crop_masks(rles), width) == pytest.approx(expected)


def test_the_width_is_two_percent_of_the_diagonal_and_at_least_one():
    assert boundary_width((480, 640)) == 16  # of a diagonal of 800
    assert boundary_width((1024, 2048)) == 46
    assert boundary_width((10, 10)) == 1


def test_a_large_inside_does_not_flatter():
    truth, prediction = np.zeros((2, 100, 100), np.bool_)
    truth[10:90, 10:90] = True
    prediction[14:86, 14:86] = True
    assert (truth & prediction).sum() / (truth | prediction).sum() > 0.8
    rles = [oracle.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in (truth, prediction)]
    assert boundary_iou(*crop_masks(rles), 3) == 0.0


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_counts_of_label_maps_are_those_of_each_class(seed: int):
    rng = np.random.default_rng(seed)
    truth, prediction = (np.repeat(np.repeat(rng.integers(0, 3, (4, 5)), 4, 0), 4, 1).astype(np.uint8) for _ in "tp")
    truth[:, 18:] = 255
    counts = boundary_counts(truth, prediction, 3, 255, ratio=0.1)
    kept = truth != 255
    for label in range(3):
        true, predicted = (near_the_edge((labels == label) & kept, 3) for labels in (truth, prediction))
        assert counts[label].tolist() == [(true & predicted).sum(), (true | predicted).sum()]


def test_what_is_ignored_changes_nothing():
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = 1
    truth[:, 12:] = 255
    one, other = truth.copy(), truth.copy()
    one[:, 12:], other[:, 12:] = 0, 1
    for prediction in (one, other):
        assert boundary_scores(boundary_counts(truth, prediction, 3, 255)) == [1.0, 1.0, None]
