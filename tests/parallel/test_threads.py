"""Threads change neither results nor their order, and take no more than they may hold."""

import threading
import time
from collections.abc import Iterator

import pytest

from maskwright.parallel.threads import map_in_threads


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number < 2 else 0)
        return number * number

    assert list(map_in_threads(slow_at_first, range(20), threads)) == [number * number for number in range(20)]


def test_items_are_taken_here_and_worked_on_elsewhere() -> None:
    here = threading.current_thread()

    def items() -> Iterator[threading.Thread]:
        for _ in range(5):
            yield threading.current_thread()

    found = list(map_in_threads(lambda taken: (taken, threading.current_thread()), items(), 2))
    assert all(taken is here and worked is not here for taken, worked in found)
    assert all(worked is here for _, worked in map_in_threads(lambda t: (t, threading.current_thread()), items(), 0))


def test_no_more_items_are_taken_than_results_may_be_held() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_in_threads(lambda number: number, items(), 2)
    assert next(results) == 0
    assert len(taken) == 8
    results.close()  # type: ignore[attr-defined]
    assert len(taken) == 8


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_comes_where_its_result_would(threads: int) -> None:
    results = map_in_threads(lambda number: 1 / (number - 3), range(6), threads)
    assert [next(results) for _ in range(3)] == [1 / -3, 1 / -2, 1 / -1]
    with pytest.raises(ZeroDivisionError):
        next(results)
