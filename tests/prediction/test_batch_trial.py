"""The trial of batches: the fastest, and never more than memory holds."""

import numpy as np
import torch

from maskwright.images.resize import InputSize
from maskwright.prediction.batch_trial import fastest_batch, fastest_batch_of
from maskwright.prediction.predictor import Predictor
from maskwright.structures import ClassTable
from tests.prediction.invented import Local


def trial(seconds: dict[int, float], most: int = 64) -> int:
    """The fastest batch where one of n images takes ``seconds[n]``; others are out of memory."""
    now = [0.0]

    def predict(batch: int) -> None:
        if batch not in seconds:
            raise torch.OutOfMemoryError
        now[0] += seconds[batch]

    return fastest_batch(predict, most, lambda: now[0])


def test_the_fastest_is_taken() -> None:
    assert trial({1: 1.0, 2: 1.2, 4: 1.8, 8: 3.7}) == 4
    assert trial({1: 1.0, 2: 2.0, 4: 0.1}) == 1
    assert trial({1: 1.0, 2: 1.0, 4: 1.0}) == 4  # eight are out of memory
    assert trial({1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0}, most=2) == 2


def test_no_image_is_lost() -> None:
    model = Predictor(Local().eval(), "semantic", ClassTable.from_names(["a", "b", "c"]), InputSize(True, 16), None)
    images = [(number, np.zeros((20, 30, 3), np.uint8)) for number in range(3)]
    batch, again = fastest_batch_of(model, iter(images))
    assert 1 <= batch <= 8
    assert [number for number, _ in again] == [0, 1, 2]
    assert fastest_batch_of(model, iter([]))[0] == 1
