"""The queue: order, batches, limits, and images that fail alone."""

import math
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.server.inference_queue import InferenceQueue
from maskwright.server.refusal import Refusal


class Mean:
    """A model whose label map is the image's first value; it waits for ``go`` and fails where the value is 13."""

    task = "semantic"
    usual_batch = 1

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.seen: list[list[int]] = []

    def label_maps(self, pairs: Iterable[Any], batch: int) -> Iterator[Any]:
        items = list(pairs)
        self.go.wait(30)
        self.seen.append([int(image[0, 0, 0]) for _, image in items])
        if 13 in self.seen[-1]:
            raise DataError("thirteen")
        return ((item, image, image[:, :, 0]) for item, image in items)


@pytest.fixture
def model() -> Mean:
    return Mean()


def queue_of(model: Mean, **options: Any) -> InferenceQueue:
    return InferenceQueue(model, **{"most": 8, **options})  # type: ignore[arg-type]


def ask(queue: InferenceQueue, value: int, deadline: float = math.inf, **options: Any) -> Future[Any]:
    return queue.submit(lambda: np.full((2, 3, 3), value, np.uint8), deadline, **options)


def held(model: Mean, queue: InferenceQueue) -> Future[Any]:
    """A first image that the model looks at until ``go``."""
    model.go.clear()
    first = ask(queue, 1)
    while queue._waiting:
        time.sleep(0.001)
    return first


def test_images_are_predicted_in_their_order_one_by_one(model: Mean) -> None:
    queue = queue_of(model)
    futures = [held(model, queue), *(ask(queue, value) for value in (2, 3, 4))]
    model.go.set()
    assert [int(each.result(10)[0, 0]) for each in futures] == [1, 2, 3, 4]
    assert model.seen == [[1], [2], [3], [4]]
    queue.close()


def test_images_that_wait_share_a_batch_and_are_counted(model: Mean) -> None:
    counted: list[int] = []
    queue = queue_of(model, batch=3, watch=lambda size, seconds: counted.append(size))
    futures = [held(model, queue), *(ask(queue, value) for value in (2, 3, 4, 5))]
    model.go.set()
    assert [int(each.result(10)[0, 0]) for each in futures] == [1, 2, 3, 4, 5]
    queue.close()
    assert model.seen == [[1], [2, 3, 4], [5]]
    assert counted == [1, 3, 1]


def test_an_image_that_fails_does_not_fail_those_beside_it(model: Mean) -> None:
    queue = queue_of(model, batch=3)
    futures = [held(model, queue), *(ask(queue, value) for value in (2, 13, 4))]
    model.go.set()
    assert [int(futures[i].result(10)[0, 0]) for i in (0, 1, 3)] == [1, 2, 4]
    with pytest.raises(Refusal, match="thirteen") as refused:
        futures[2].result(10)
    assert refused.value.status == 422
    queue.close()


def test_more_than_may_wait_are_refused_and_those_nobody_hurries_count_for_none(model: Mean) -> None:
    queue = queue_of(model, most=3)
    futures = [held(model, queue), ask(queue, 2), ask(queue, 3)]
    unhurried = [ask(queue, 7, unhurried=True) for _ in range(5)]
    with pytest.raises(Refusal) as refused:
        ask(queue, 4)
    assert (refused.value.status, refused.value.retry_after, len(queue)) == (429, 1, 3)
    model.go.set()
    assert [int(each.result(10)[0, 0]) for each in (*futures, *unhurried)] == [1, 2, 3, 7, 7, 7, 7, 7]
    assert model.seen[:3] == [[1], [2], [3]]
    queue.close()


def test_late_images_are_not_predicted_nor_are_those_nobody_waits_for(model: Mean) -> None:
    queue = queue_of(model)
    first, late, dropped, last = held(model, queue), ask(queue, 2, time.monotonic()), ask(queue, 3), ask(queue, 4)
    assert dropped.cancel()
    time.sleep(0.01)
    model.go.set()
    with pytest.raises(Refusal) as refused:
        late.result(10)
    assert refused.value.status == 503
    assert first.result(10) is not None
    assert last.result(10) is not None
    assert model.seen == [[1], [4]]
    queue.close()


def test_what_waits_at_the_end_is_refused_and_what_is_looked_at_is_finished(model: Mean) -> None:
    queue = queue_of(model)
    first, waits, unhurried = held(model, queue), ask(queue, 2), ask(queue, 3, unhurried=True)
    closing = threading.Thread(target=queue.close)
    closing.start()
    for future in (waits, unhurried):
        with pytest.raises(Refusal) as refused:
            future.result(10)
        assert refused.value.status == 503
    model.go.set()
    closing.join(10)
    assert int(first.result(0)[0, 0]) == 1
    with pytest.raises(Refusal, match="ends"):
        ask(queue, 4)


@pytest.mark.parametrize(
    ("error", "status"),
    [(DataError("no image"), 422), (MemoryError(), 503), (RuntimeError("CUDA out of memory"), 503)],
)
def test_an_image_that_cannot_be_decoded_is_refused(model: Mean, error: Exception, status: int) -> None:
    queue = queue_of(model)

    def decode() -> Any:
        raise error

    with pytest.raises(Refusal) as refused:
        queue.submit(decode, math.inf).result(10)
    assert refused.value.status == status
    assert int(ask(queue, 5).result(10)[0, 0]) == 5
    queue.close()


def test_a_fault_of_ours_stays_what_it_is(model: Mean) -> None:
    queue = queue_of(model)
    with pytest.raises(ZeroDivisionError):
        queue.submit(lambda: np.zeros((1 // 0, 1, 3)), math.inf).result(10)
    assert int(ask(queue, 5).result(10)[0, 0]) == 5
    queue.close()
