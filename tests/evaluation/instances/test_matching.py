import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.instances import matching
from maskwright.evaluation.instances.matching import best_overlaps, one_to_one, overlap_scores, paired_overlaps


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 6), st.sampled_from([1, 3, 100]))
def test_pairs_are_taken_by_falling_overlap(seed: int, predictions: int, objects: int, at_a_time: int):
    rng = np.random.default_rng(seed)
    ious = np.round(rng.random((predictions, objects)) * (rng.random((predictions, objects)) < 0.6), 2)
    expected = np.full(objects, -1)
    left = ious.copy()
    while left.size and left.max() > 0:
        p, g = np.argwhere(left == left.max())[0]
        expected[g] = p
        left[p, :] = left[:, g] = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_AT_A_TIME", at_a_time)
        partner = one_to_one(ious)
    assert partner.tolist() == expected.tolist()
    overlaps = paired_overlaps(ious, partner)
    assert (overlaps <= best_overlaps(ious)).all()
    assert overlaps.tolist() == [ious[p, g] if p >= 0 else 0 for g, p in enumerate(expected)]


def test_one_prediction_may_be_the_best_of_two_objects_but_pairs_with_one():
    ious = np.array([[0.6, 0.8]])
    assert best_overlaps(ious).tolist() == [0.6, 0.8]
    assert paired_overlaps(ious, one_to_one(ious)).tolist() == [0, 0.8]


def test_two_thousand_objects_that_all_overlap_are_paired_soon():
    before = time.process_time()
    assert one_to_one(np.ones((2000, 2000))).tolist() == list(range(2000))
    assert time.process_time() - before < 5, "a step in Python for each pair takes far longer"


def test_means_are_over_objects_and_dice_is_of_each():
    assert overlap_scores([1.0, 0.0, 0.5]) == {
        "mean_IoU": 0.5,
        "mean_Dice": pytest.approx((1 + 0 + 2 / 3) / 3),
        "objects": 3,
    }
    assert overlap_scores([]) == {"mean_IoU": None, "mean_Dice": None, "objects": 0}
