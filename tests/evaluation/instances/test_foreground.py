import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.evaluation.instances.foreground import Overlap, foreground, foreground_scores

SIZE = (11, 13)


@settings(max_examples=80)
@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(0, 2), st.integers(0, 3))
def test_pixels_are_those_of_the_unions_without_crowds(seed: int, truths: int, crowds: int, predictions: int):
    rng = np.random.default_rng(seed)
    masks = [rng.random((n, *SIZE)) < rng.random() for n in (truths, crowds, predictions)]
    true, crowd, predicted = (mask.any(axis=0) if len(mask) else np.zeros(SIZE, bool) for mask in masks)
    counted = ~crowd | true
    overlap = foreground(*([oracle.encode(np.asfortranarray(m.astype(np.uint8))) for m in mask] for mask in masks))
    assert overlap == Overlap(true.sum(), (predicted & counted).sum(), (true & predicted).sum())
    union = (true | (predicted & counted)).sum()
    assert overlap.iou == (pytest.approx((true & predicted).sum() / union) if union else None)


def test_the_mean_is_over_images_that_show_or_predict_something():
    scores = foreground_scores([Overlap(4, 4, 4), Overlap(0, 5, 0), Overlap(0, 0, 0)])
    assert scores == {"mean_IoU": 0.5, "mean_Dice": 0.5, "images": 2}
    assert foreground_scores([]) == {"mean_IoU": None, "mean_Dice": None, "images": 0}


def test_dice_is_twice_the_intersection_over_the_sum():
    assert Overlap(6, 4, 3).dice == 0.6
    assert Overlap(6, 4, 3).iou == 3 / 7
    assert Overlap(0, 0, 0).dice is None
