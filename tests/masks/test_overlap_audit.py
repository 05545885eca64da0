from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.bands import pixel_bands
from maskwright.masks.overlap import OVERLAP_RULES, paint_order
from maskwright.masks.overlap_audit import moved_pixels, moves_by_rule

MAPS = arrays(np.uint16, (5, 7), elements=st.sampled_from([0, 1, 2, 255, 300, 65535]))


@given(MAPS, MAPS)
def test_each_changed_pixel_counts_once_for_its_pair_of_labels(before: Any, after: Any):
    pairs = zip(before.ravel().tolist(), after.ravel().tolist(), strict=True)
    assert moved_pixels(before, after) == Counter(pair for pair in pairs if pair[0] != pair[1])


def test_eight_bits_do_not_overflow():
    before, after = np.full((1, 3), 255, np.uint8), np.full((1, 3), 254, np.uint8)
    assert moved_pixels(before, after) == {(255, 254): 3}


def test_equal_maps_move_nothing():
    assert moved_pixels(np.ones((3, 4), np.uint8), np.ones((3, 4), np.uint8)) == {}


@given(st.integers(2, 5).flatmap(lambda n: st.tuples(arrays(np.uint8, (n, 4, 5), elements=st.integers(0, 1)))))
def test_a_rule_moves_the_pixels_whose_winner_has_another_class(scene: tuple[Any]):
    masks = scene[0]
    labels = [1 + i % 3 for i in range(len(masks))]
    areas, weights = [int(mask.sum()) for mask in masks], [(1.0, 3.0, 2.0)[label - 1] for label in labels]
    rles = [oracle.encode(np.asfortranarray(mask)) for mask in masks]
    moves = moves_by_rule((4, 5), rles, labels, areas, OVERLAP_RULES, weights)
    assert list(moves) == ["first", "smallest", "highest-index", "priority"]
    for rule, found in moves.items():
        places = {i: place for place, i in enumerate(paint_order(rule, labels, areas, weights))}
        expected: Counter[tuple[int, int]] = Counter()
        for pixel in range(20):
            covering = [i for i, mask in enumerate(masks) if mask.ravel()[pixel]]
            if covering:
                expected[labels[max(covering)], labels[max(covering, key=lambda i: places[i])]] += 1
        assert found == {(a, b): n for (a, b), n in expected.items() if a != b}


@pytest.mark.parametrize("rules", [(), ("last",)])
def test_the_rule_last_is_what_the_others_are_compared_with(rules: tuple[str, ...]):
    assert moves_by_rule((4, 5), [], [], [], rules) == {}


def test_labels_beyond_eight_bits_are_told_apart():
    whole = oracle.encode(np.ones((2, 2), np.uint8, order="F"))
    assert moves_by_rule((2, 2), [whole, whole], [300, 44], [4, 4], ["first"]) == {"first": {(44, 300): 4}}


@given(MAPS, MAPS)
def test_bands_of_pixels_make_no_difference(before: Any, after: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskwright.masks.overlap_audit.pixel_bands", lambda *maps: pixel_bands(*maps, pixels=4))
        in_bands = moved_pixels(before, after)
    assert in_bands == moved_pixels(before, after)
