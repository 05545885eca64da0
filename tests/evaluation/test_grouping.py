import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.evaluation.grouping import places_by_value


@given(st.lists(st.integers(-3, 5), max_size=20))
def test_each_value_has_its_places_in_order(values: list[int]):
    found = places_by_value(np.array(values, np.int64))
    assert {value: places.tolist() for value, places in found.items()} == {
        value: [place for place, each in enumerate(values) if each == value] for value in values
    }
