import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.statistics.imbalance import imbalance


def test_the_extremes_their_ratio_and_the_classes_without_any():
    found = imbalance({"cat": 3, "dog": 60, "cow": 0, "bird": 3})
    assert found is not None
    assert (found.largest, found.smallest, found.ratio, found.absent) == (("dog", 60), ("cat", 3), 20, ["cow"])


def test_two_classes_by_hand():
    # H of (1/4, 3/4) in bits is 2 - 3/4 log2 3; evenness over two classes is H in bits.
    found = imbalance({"cat": 1, "dog": 3})
    assert found is not None
    assert found.evenness == pytest.approx(2 - 0.75 * math.log2(3))
    assert found.effective_classes == pytest.approx(2**found.evenness)


@given(st.integers(2, 50), st.integers(1, 10**9))
def test_equal_classes_are_all_there_is_to_evenness(classes, amount):
    found = imbalance({str(i): amount for i in range(classes)})
    assert found is not None
    assert (found.evenness, found.effective_classes, found.ratio) == (pytest.approx(1), pytest.approx(classes), 1)


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=20).filter(any))
def test_evenness_and_effective_classes_stay_in_their_bounds(amounts):
    found = imbalance({str(i): amount for i, amount in enumerate(amounts)})
    assert found is not None
    assert 0 <= found.evenness <= 1 + 1e-12
    assert 1 <= found.effective_classes <= len(amounts) * (1 + 1e-12)
    assert len(found.absent) == amounts.count(0)


def test_an_absent_class_makes_a_data_set_less_even():
    even, lacking = imbalance({"cat": 5, "dog": 5}), imbalance({"cat": 5, "dog": 5, "cow": 0})
    assert even is not None
    assert lacking is not None
    assert lacking.evenness < even.evenness == 1
    assert lacking.effective_classes == pytest.approx(2)


def test_one_class_has_no_evenness_and_nothing_has_no_imbalance():
    alone = imbalance({"cat": 7})
    assert alone is not None
    assert (alone.evenness, alone.effective_classes) == (None, 1)
    assert imbalance({"cat": 0, "dog": 0}) is None
    assert imbalance({}) is None
