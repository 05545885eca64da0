import threading
import time

import pytest

from maskwright.annotations.checks.threads import in_threads


@pytest.mark.parametrize("workers", [0, 1, 3, None])
def test_results_come_in_the_order_of_the_items(workers: int | None):
    def slow_at_first(number: int) -> int:
        time.sleep(0.01 if number < 3 else 0)
        return number * number

    assert list(in_threads(slow_at_first, range(100), workers)) == [number * number for number in range(100)]


def test_no_workers_means_this_thread():
    assert list(in_threads(lambda _: threading.current_thread(), [1], workers=0)) == [threading.current_thread()]


def test_items_are_taken_as_results_are_used():
    taken = []

    def items():
        for number in range(10_000):
            taken.append(number)
            yield number

    results = in_threads(str, items(), workers=2)
    assert next(results) == "0"
    assert len(taken) < 100


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_is_raised_where_its_result_would_stand(workers: int):
    results = in_threads(lambda number: 1 // number, [1, 0], workers)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
