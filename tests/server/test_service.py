"""The service behind the routes: sizes, scores and times; the rest is in test_application.py."""

import asyncio
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.server.refusal import Refusal
from maskwright.structures import Instances
from tests.server.served import CLASSES, service_of


def test_objects_below_the_score_are_left_out_and_label_maps_stay(models: dict[str, Path]) -> None:
    service = service_of(models["instance"])
    masks = np.ones((3, 2, 2))
    found = Instances.from_dense(masks, [1, 2, 3], scores=[0.9, 0.5, 0.2])
    for score, labels in ((None, [1, 2]), (0.0, [1, 2, 3]), (0.6, [1])):
        kept = service.at_least(found, score)
        assert isinstance(kept, Instances)
        assert kept.labels.tolist() == labels
    label_map = np.ones((2, 2), np.uint8)
    assert service.at_least(label_map, None) is label_map
    assert service.table.names == CLASSES
    service.close()


def test_a_result_that_is_there_is_returned_and_a_late_one_refused(models: dict[str, Path]) -> None:
    service = service_of(models["semantic"], seconds=8)
    ready = np.ones((2, 2), np.uint8)
    assert asyncio.run(service.found(ready, 0)) is ready
    done: Future[Any] = Future()
    done.set_result(ready)
    assert asyncio.run(service.found(done, time.monotonic() + 5)) is ready
    pending: Future[Any] = Future()
    with pytest.raises(Refusal, match="no result within 8 s") as refused:
        asyncio.run(service.found(pending, time.monotonic() + 0.05))
    assert (refused.value.status, refused.value.retry_after) == (503, 2)
    assert pending.cancelled()
    service.close()
