"""The number of images at once with which a network is fastest, found by trial."""

import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Literal, TypeVar

import torch

from maskwright.errors import UsageError
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.sources import Image

Item = TypeVar("Item")

_MOST_ON_GPU, _MOST_ON_CPU = 64, 8
# A larger batch takes more memory; it must be worth it.
_GAIN = 1.05


def parse_batch(text: str) -> int | Literal["auto"]:
    """Return the number of images that ``text`` says, or ``auto``; raise ``UsageError`` for anything else."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or len(text) > 6:
        raise UsageError(f"--batch {text:.40}: expected 1 or more images at once, or auto.")
    return int(text)


def fastest_batch_of(
    model: Predictor[Any], images: Iterator[tuple[Item, Image]]
) -> tuple[int, Iterator[tuple[Item, Image]]]:
    """Return the fastest number of images at once, for images like the first of ``images``, and all of them again.

    Without an image it is 1.
    """
    first = next(images, None)
    if first is None:
        return 1, images
    most = _MOST_ON_CPU if model.device.type == "cpu" else _MOST_ON_GPU
    return fastest_batch(lambda batch: _predict(model, first[1], batch), most), chain([first], images)


def fastest_batch(predict: Callable[[int], object], most: int, clock: Callable[[], float] = time.perf_counter) -> int:
    """Return the number of images at once, up to ``most``, at which ``predict`` gets through most of them in a second.

    ``predict`` is called with 1, 2, 4, … images until it is no longer 5 % faster than before, or out of memory.
    """
    best, rate, batch = 1, 0.0, 1
    predict(1)  # what is done once, such as the choice of kernels, does not count
    while batch <= most:
        started = clock()
        try:
            predict(batch)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            break
        reached = batch / max(clock() - started, 1e-9)
        if reached < _GAIN * rate:
            break
        best, rate, batch = batch, reached, 2 * batch
    return best


def _predict(model: Predictor[Any], image: Image, batch: int) -> None:
    pairs = ((None, image) for _ in range(batch))
    for _ in model.of_task(pairs, batch):
        pass
