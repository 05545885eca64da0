"""Batches hold items of one size, keep the input order and read ahead no further than stated."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.prediction.batches import LOOKAHEAD, in_batches


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 9))
def test_each_item_gets_its_own_result_in_the_order_given(sizes: list[int], batch: int) -> None:
    items = list(enumerate(sizes))
    calls: list[list[tuple[int, int]]] = []

    def predict(together: list[tuple[int, int]]) -> list[int]:
        calls.append(together)
        return [10 * number for number, _ in together]

    found = list(in_batches(items, lambda item: item[1], predict, batch))
    assert found == [(item, 10 * item[0]) for item in items]
    assert all(len(call) <= batch and len({size for _, size in call}) == 1 for call in calls)


def test_items_of_one_size_find_each_other_among_others() -> None:
    calls: list[int] = []
    items = [0, 1] * 8
    list(in_batches(items, lambda item: item, lambda together: calls.append(len(together)) or together, 4))
    assert calls == [4, 4, 4, 4]


@pytest.mark.parametrize(("batch", "held"), [(1, 1), (2, 2 * LOOKAHEAD), (3, 3 * LOOKAHEAD)])
def test_no_more_is_read_ahead_than_is_held(batch: int, held: int) -> None:
    read = 0

    def items() -> Iterator[int]:
        nonlocal read
        while read < 100:
            read += 1
            yield read

    found = in_batches(items(), lambda item: 0, lambda together: together, batch)
    for done, _ in enumerate(found, start=1):
        assert read <= (done - 1) // held * held + held
    assert read == 100


def test_one_at_a_time_needs_no_size() -> None:
    def unknown(item: int) -> int:
        raise AssertionError(item)

    assert list(in_batches([1, 2], unknown, lambda together: together, 1)) == [(1, 1), (2, 2)]
