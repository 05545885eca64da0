import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.reports.short_numbers import compact, percent, round_percent, whole_percent


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (9949, "9.9k"), (9950, "10k"), (999_499, "999k"), (999_500, "1.0M")],
)
def test_compact_counts(value, text):
    assert compact(value) == text


@given(st.integers(0, 999 * 10**9))
def test_a_compact_count_has_four_characters_at_most_and_is_right_to_five_percent(value):
    text = compact(value)
    assert len(text) <= 4
    unit = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1], 1)
    assert float(text.rstrip("kMG")) * unit == pytest.approx(value, rel=0.0501)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.7453, "75 %"), (0.05, "5.0 %"), (0.00062, "0.062 %"), (6e-6, "0.00060 %")],
)
def test_percents(share, text):
    assert percent(share) == text


def test_only_everything_is_all_of_it():
    assert percent(0.99999) == "> 99 %"
    assert percent(0.094) == "9.4 %"
    assert percent(0.0996) == "10 %"


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1, "100 %"), (0.1, "10 %"), (1e-6, "0.0001 %"), (0.3, "30 %")]
)
def test_percents_of_an_axis_have_no_needless_zeros(share, text):
    assert round_percent(share) == text


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 9, ""),
        (9, 9, "100"),
        (999, 1000, ">99"),
        (995, 1000, ">99"),
        (994, 1000, "99"),
        (1, 1000, "<1"),
        (1, 3, "33"),
    ],
)
def test_only_all_is_100_percent_and_only_nothing_is_blank(part, whole, expected):
    assert whole_percent(part, whole) == expected
